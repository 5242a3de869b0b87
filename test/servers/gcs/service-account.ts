/** The service account of the server's owner: a key whose signatures the server knows. */
import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";

export interface ServiceAccount {
  readonly email: string;
  readonly publicKey: KeyObject;
  /** The file that a program is given: https://cloud.google.com/iam/docs/keys-create-delete */
  readonly file: string;
}

export function makeServiceAccount(folder: string): ServiceAccount {
  const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const email = "tests@tests.iam.gserviceaccount.com";
  const file = join(folder, "service-account.json");
  const key = privateKey.export({ type: "pkcs8", format: "pem" });
  writeFileSync(file, JSON.stringify({ type: "service_account", client_email: email, private_key: key }));
  return { email, publicKey, file };
}
