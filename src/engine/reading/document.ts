/** Reads the small records of an export: whole, but not however large they are, and only with the bytes they must have. */
import { manifestName } from "../../domain/record-names.ts";
import type { z } from "zod";
import { LongshoreError } from "../../domain/errors.ts";
import type { Destination } from "../../domain/ports/destination.ts";
import { sha256 } from "../digest.ts";
import { parseDocument } from "../document.ts";

/** No record of ours comes near it; a larger one would only fill the memory. */
const largestRecord = 512 * 1024 * 1024;

export interface RecordToRead<T> {
  readonly name: string;
  readonly schema: z.ZodType<T>;
  /** What the manifest says of it. */
  readonly expected?: { readonly sha256: string } | undefined;
}

/** The record's bytes, or undefined where there is none. */
export async function readRecord(
  destination: Destination,
  name: string,
  signal: AbortSignal,
): Promise<Uint8Array | undefined> {
  const size = await destination.size(name, signal);
  if (size === undefined) return undefined;
  if (size > largestRecord)
    throw damaged(destination, `${name} is far too large for a record (${size} bytes)`);
  return destination.get(name, signal);
}

/** A record that must be there, with the bytes that `expected` names, and fit the schema. */
export async function readDocument<T>(
  destination: Destination,
  record: RecordToRead<T>,
  signal: AbortSignal,
): Promise<T> {
  const { name, schema, expected } = record;
  const bytes = await readRecord(destination, name, signal);
  if (bytes === undefined) throw damaged(destination, `${name} is missing`);
  if (expected !== undefined && sha256(bytes) !== expected.sha256)
    throw damaged(destination, `${name} is not what ${manifestName} says`);
  return parseDocument(schema, bytes, `${name} in ${destination.location}`);
}

export const damaged = (destination: Destination, what: string, cause?: unknown): LongshoreError =>
  new LongshoreError(
    "Damaged",
    `${destination.location}: ${what}`,
    cause === undefined ? undefined : { cause },
  );
