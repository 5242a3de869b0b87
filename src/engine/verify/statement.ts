/** Checks who signed the export: statement.json says so, statement.json.sig is their Ed25519 signature over its bytes. */
import { createHash, createPublicKey, type KeyObject, verify } from "node:crypto";
import { LongshoreError } from "../../domain/errors.ts";
import { Statement } from "../../domain/manifest.ts";
import type { Destination } from "../../domain/ports/destination.ts";
import { parseDocument } from "../document.ts";
import { readRecord } from "../reading/document.ts";
import type { ProblemLog, StatementState } from "./report.ts";
import { guarded } from "./verification.ts";

/** Reads both before the manifest is: what is returned then compares them with the manifest's digest. Throws InvalidKey. */
export async function checkStatement(
  destination: Destination,
  publicKey: string | undefined,
  log: ProblemLog,
  signal: AbortSignal,
): Promise<(manifestSha256: string) => StatementState> {
  const trusted = publicKey === undefined ? undefined : keyOf(publicKey);
  const bytes = await guarded("statement.json", log, () => readRecord(destination, "statement.json", signal));
  const signature = await guarded("statement.json.sig", log, () => readRecord(destination, "statement.json.sig", signal));
  const statement =
    bytes === undefined ? undefined : await guarded("statement.json", log, async () => parseDocument(Statement, bytes, "statement.json"));
  return (manifestSha256) => {
    const invalid = (object: string, message: string, key?: string): StatementState => {
      log.add({ kind: "statement", object, message });
      return { state: "invalid", ...(key === undefined ? undefined : { key }) };
    };
    if (bytes === undefined && signature === undefined) {
      if (trusted !== undefined) return invalid("statement.json", "is missing, though a public key was given to check it with");
      return { state: "absent" };
    }
    if (bytes === undefined) return invalid("statement.json", "is missing, though its signature is there");
    if (signature === undefined) return invalid("statement.json.sig", "is missing, though the statement is there");
    if (statement === undefined) return { state: "invalid" };
    const issuer = issuerOf(statement.issuer);
    if (issuer === undefined) return invalid("statement.json", "names no Ed25519 key as its issuer");
    const key = fingerprint(issuer);
    if (statement.manifest !== manifestSha256) return invalid("statement.json", "is about another manifest.json", key);
    if (signature.length !== 64 || !verify(null, bytes, issuer, signature))
      return invalid("statement.json.sig", "is not a signature over statement.json by its issuer", key);
    if (trusted !== undefined && fingerprint(trusted) !== key)
      return invalid("statement.json", `is signed with the key ${key}, not with the one that was given (${fingerprint(trusted)})`, key);
    const subject = statement.namespace === "" ? statement.name : `${statement.namespace}/${statement.name}`;
    return { state: trusted === undefined ? "signed" : "trusted", key, subject };
  };
}

function keyOf(pem: string): KeyObject {
  let key: KeyObject;
  try {
    key = createPublicKey(pem);
  } catch (cause) {
    throw new LongshoreError("InvalidKey", "the public key is no key in PEM", { cause });
  }
  if (key.asymmetricKeyType !== "ed25519") throw new LongshoreError("InvalidKey", "the public key is no Ed25519 key");
  return key;
}

function issuerOf(issuer: string): KeyObject | undefined {
  const prefix = "ed25519:";
  if (!issuer.startsWith(prefix)) return undefined;
  try {
    const key = createPublicKey({ key: Buffer.from(issuer.slice(prefix.length), "base64"), format: "der", type: "spki" });
    return key.asymmetricKeyType === "ed25519" ? key : undefined;
  } catch {
    return undefined;
  }
}

/** SHA-256 of the key's SubjectPublicKeyInfo, in hex. */
const fingerprint = (key: KeyObject): string =>
  createHash("sha256").update(key.export({ format: "der", type: "spki" })).digest("hex");
