/** Reads a small object whole, and not only what some line made of it: a record that is wrong would be believed. */
import { createHash } from "node:crypto";
import { LongshoreError } from "../../../domain/errors.ts";
import type { ObjectContent, ObjectStore } from "../../../domain/ports/object-store.ts";

/** More than any record; the store ends where the object does. */
const everything = { offset: 0, length: 2 ** 40 };
const attempts = 3;

/** Undefined where there is none. Throws StoreFailed where what comes is not what the store says that it has. */
export async function readRecord(
  store: ObjectStore,
  key: string,
  signal: AbortSignal,
): Promise<Uint8Array | undefined> {
  for (let attempt = 1; attempt <= attempts; attempt++) {
    const content = await store.get(key, everything, signal);
    if (content === undefined || content === "changed") return undefined;
    const bytes = Buffer.concat(await Array.fromAsync(content.bytes));
    if (isWhole(bytes, content)) return bytes;
  }
  throw new LongshoreError("StoreFailed", `${store.displayed} gave other bytes than it has (at ${key})`);
}

function isWhole(bytes: Uint8Array, { facts, md5 }: ObjectContent): boolean {
  if (bytes.length !== facts.size) return false;
  return md5 === undefined || createHash("md5").update(bytes).digest("hex") === md5;
}
