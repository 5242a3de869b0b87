import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Environment } from "../../../domain/environment.ts";
import { LongshoreError } from "../../../domain/errors.ts";
import { type BucketLocation, parseBucketLocation } from "../../../domain/location.ts";
import { type Access, findAccess } from "./credentials.ts";

const secret = "c2VjcmV0c2VjcmV0c2VjcmV0";
const sas = `sv=2024-11-04&sp=racwdl&sig=${secret}`;

const located = (text: string): BucketLocation => parseBucketLocation(text) ?? assert.fail();
const connection = (text: string): Environment => ({ AZURE_STORAGE_CONNECTION_STRING: text });

describe("access to a container", () => {
  const key = { kind: "key", account: "me", key: secret } as const;
  const public1 = "https://me.blob.core.windows.net";
  const table: [what: string, location: string, environment: Environment, access: Access][] = [
    [
      "by key and account",
      "az://box?account=me",
      { AZURE_STORAGE_KEY: secret },
      { endpoint: public1, credential: key },
    ],
    [
      "by key, the account in the environment",
      "az://box/x",
      { AZURE_STORAGE_KEY: secret, AZURE_STORAGE_ACCOUNT: "me" },
      { endpoint: public1, credential: key },
    ],
    [
      "by connection string",
      "az://box",
      connection(
        `DefaultEndpointsProtocol=https;AccountName=me;AccountKey=${secret};EndpointSuffix=core.windows.net`,
      ),
      { endpoint: public1, credential: key },
    ],
    [
      "by connection string with an endpoint",
      "az://box?account=me",
      connection(`AccountName=me;AccountKey=${secret};BlobEndpoint=http://10.0.0.1:80/me/;`),
      { endpoint: "http://10.0.0.1:80/me".replace(":80", ""), credential: key },
    ],
    [
      "by connection string with a SAS token",
      "az://box",
      connection(`BlobEndpoint=https://me.blob.core.windows.net/;SharedAccessSignature=${sas}`),
      { endpoint: public1, credential: { kind: "sas", token: sas } },
    ],
    [
      "to the emulator",
      "az://box",
      connection("UseDevelopmentStorage=true"),
      {
        endpoint: "http://127.0.0.1:10000/devstoreaccount1",
        credential: {
          kind: "key",
          account: "devstoreaccount1",
          key: "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==",
        },
      },
    ],
    [
      "by SAS token, with and without its question mark",
      "az://box?account=me",
      { AZURE_STORAGE_SAS_TOKEN: `?${sas}` },
      { endpoint: public1, credential: { kind: "sas", token: sas } },
    ],
    [
      "by SAS token over plain http to this machine",
      "az://box?account=me&endpoint=http://127.0.0.1:1",
      { AZURE_STORAGE_SAS_TOKEN: sas },
      { endpoint: "http://127.0.0.1:1/me", credential: { kind: "sas", token: sas } },
    ],
    [
      "by nothing, though there is a key of another account",
      "az://box?account=me&anonymous=true",
      { AZURE_STORAGE_KEY: secret, AZURE_STORAGE_ACCOUNT: "other" },
      { endpoint: public1, credential: { kind: "anonymous" } },
    ],
    [
      "at an endpoint of its own",
      "az://box?account=me&endpoint=https://me.blob.example/",
      { AZURE_STORAGE_KEY: secret },
      { endpoint: "https://me.blob.example", credential: key },
    ],
  ];
  for (const [what, location, environment, access] of table)
    test(what, () => assert.deepEqual(findAccess(located(location), environment), access));

  const refused: [what: string, location: string, environment: Environment, said: RegExp][] = [
    ["nobody says which account", "az://box", { AZURE_STORAGE_SAS_TOKEN: sas }, /account.*account=NAME/],
    [
      "a key without an account",
      "az://box?endpoint=https://x.example",
      { AZURE_STORAGE_KEY: secret },
      /of which account/,
    ],
    ["no credentials", "az://box?account=me", {}, /no credentials.*AZURE_STORAGE_KEY.*anonymous=true/],
    [
      "credentials of another account",
      "az://box?account=me",
      { AZURE_STORAGE_KEY: secret, AZURE_STORAGE_ACCOUNT: "other" },
      /account me.*of other/,
    ],
    ["what is no key", "az://box?account=me", { AZURE_STORAGE_KEY: `${secret} !` }, /no account key/],
    ["what is no connection string", "az://box", connection(`AccountKey=${secret}`), /no connection string/],
    ["a connection string of nothing", "az://box", connection(secret), /no connection string/],
    [
      "a SAS token in the clear",
      "az://box?account=me&endpoint=http://store.example",
      { AZURE_STORAGE_SAS_TOKEN: sas },
      /others can read.*https/,
    ],
    [
      "a SAS token to another endpoint than its own",
      "az://box?endpoint=https://elsewhere.example",
      connection(`BlobEndpoint=https://me.blob.core.windows.net/;SharedAccessSignature=${sas}`),
      /not at the endpoint/,
    ],
  ];
  for (const [what, location, environment, said] of refused)
    test(`is refused: ${what}`, () =>
      assert.throws(
        () => findAccess(located(location), environment),
        (error: unknown) => {
          assert.ok(error instanceof LongshoreError);
          const text = `${error.message}: ${error.hint}`;
          assert.match(text, said);
          assert.ok(!text.includes(secret), "a secret is never said");
          return true;
        },
      ));
});
