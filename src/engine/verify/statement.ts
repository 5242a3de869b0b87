/** Checks who signed the export: statement.json says so, statement.json.sig is their Ed25519 signature over its bytes. */
import { manifestName, signatureName, statementName } from "../../domain/record-names.ts";
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
): Promise<(manifestSha256: string, issuer: string | undefined) => StatementState> {
  const trusted = publicKey === undefined ? undefined : keyOf(publicKey);
  const bytes = await guarded(statementName, log, () => readRecord(destination, statementName, signal));
  const signature = await guarded(signatureName, log, () => readRecord(destination, signatureName, signal));
  const statement =
    bytes === undefined
      ? undefined
      : await guarded(statementName, log, async () => parseDocument(Statement, bytes, statementName));
  return (manifestSha256, signedBy) => {
    const isAbsent = bytes === undefined && signature === undefined;
    if (isAbsent && trusted === undefined && signedBy === undefined) return { state: "absent" };
    const state = judge({ bytes, signature, statement }, { manifestSha256, trusted });
    if (!("message" in state)) return state;
    const { object, message, key } = state;
    log.add({ kind: "statement", object, message });
    return { state: "invalid", ...(key === undefined ? undefined : { key }) };
  };
}

interface Found {
  readonly bytes: Uint8Array | undefined;
  readonly signature: Uint8Array | undefined;
  readonly statement: Statement | undefined;
}

interface Fault {
  readonly object: string;
  readonly message: string;
  readonly key?: string;
}

function judge(
  found: Found,
  wanted: { manifestSha256: string; trusted: KeyObject | undefined },
): StatementState | Fault {
  const { bytes, signature, statement } = found;
  const object = statementName;
  if (bytes === undefined || signature === undefined) return half(found);
  if (statement === undefined) return { state: "invalid" };
  const issuer = issuerOf(statement.issuer);
  if (issuer === undefined) return { object, message: "names no Ed25519 key as its issuer" };
  const key = fingerprint(issuer);
  if (statement.manifest !== wanted.manifestSha256)
    return { object, message: `is about another ${manifestName}`, key };
  if (signature.length !== 64 || !verify(null, bytes, issuer, signature))
    return {
      object: signatureName,
      message: `is not a signature over ${statementName} by its issuer`,
      key,
    };
  const subject = statement.namespace === "" ? statement.name : `${statement.namespace}/${statement.name}`;
  if (wanted.trusted === undefined) return { state: "signed", key, subject };
  const given = fingerprint(wanted.trusted);
  return given === key
    ? { state: "trusted", key, subject }
    : { object, message: `is signed with the key ${key}, not with the one that was given (${given})`, key };
}

function half({ bytes, signature }: Found): Fault {
  if (bytes !== undefined)
    return { object: signatureName, message: "is missing, though the statement is there" };
  const why =
    signature === undefined
      ? "though the export was signed or a key was given to check it with"
      : "though its signature is there";
  return { object: statementName, message: `is missing, ${why}` };
}

function keyOf(pem: string): KeyObject {
  let key: KeyObject;
  try {
    key = createPublicKey(pem);
  } catch (cause) {
    throw new LongshoreError("InvalidKey", "the public key is no key in PEM", { cause });
  }
  if (key.asymmetricKeyType !== "ed25519")
    throw new LongshoreError("InvalidKey", "the public key is no Ed25519 key");
  return key;
}

function issuerOf(issuer: string): KeyObject | undefined {
  const prefix = "ed25519:";
  if (!issuer.startsWith(prefix)) return undefined;
  try {
    const key = createPublicKey({
      key: Buffer.from(issuer.slice(prefix.length), "base64"),
      format: "der",
      type: "spki",
    });
    return key.asymmetricKeyType === "ed25519" ? key : undefined;
  } catch {
    return undefined;
  }
}

/** SHA-256 of the key's SubjectPublicKeyInfo, in hex. */
const fingerprint = (key: KeyObject): string =>
  createHash("sha256")
    .update(key.export({ format: "der", type: "spki" }))
    .digest("hex");
