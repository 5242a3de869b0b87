/** The signed statement: whose export a manifest is of (Ed25519, RFC 8032). */
import { signatureName, statementName } from "../../domain/record-names.ts";
import { createPrivateKey, createPublicKey, type KeyObject, sign } from "node:crypto";
import { LongshoreError } from "../../domain/errors.ts";
import { formatVersion } from "../../domain/export-options.ts";
import type { Statement } from "../../domain/manifest.ts";
import type { Destination } from "../../domain/ports/destination.ts";
import { documentBytes } from "../document.ts";
import type { Signer } from "./export-call.ts";

/** Reads a private key in PEM. Throws InvalidKey. */
export function readSigner(pem: string, file: string): Signer {
  let key: KeyObject;
  try {
    key = createPrivateKey(pem);
  } catch (error) {
    throw new LongshoreError("InvalidKey", `${file} holds no private key that can be read`, { cause: error });
  }
  if (key.asymmetricKeyType !== "ed25519") {
    throw new LongshoreError("InvalidKey", `${file} holds a ${key.asymmetricKeyType ?? "secret"} key`);
  }
  const publicKey = createPublicKey(key).export({ type: "spki", format: "der" });
  return { key, issuer: `ed25519:${publicKey.toString("base64")}` };
}

export interface StatementSubject {
  /** SHA-256 of manifest.json. */
  readonly manifest: string;
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
}

/** Puts the statement and the 64 raw bytes of its signature. */
export async function putStatement(
  destination: Destination,
  subject: StatementSubject,
  signer: Signer,
  signal: AbortSignal,
): Promise<void> {
  const { manifest, namespace, name, uid } = subject;
  const statement: Statement = { formatVersion, manifest, namespace, name, uid, issuer: signer.issuer };
  const bytes = documentBytes(statement);
  await destination.put(statementName, bytes, signal);
  await destination.put(signatureName, sign(null, bytes, signer.key), signal);
}
