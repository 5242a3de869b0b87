/** What the checks write and how they look at what is there. */
import { createHash } from "node:crypto";
import type { ByteRange, Destination } from "../../domain/ports/destination.ts";
import type { ObjectStore, Payload } from "../../domain/ports/object-store.ts";
import { sha256 } from "../digest.ts";
import { expect } from "./check.ts";

const everything = { offset: 0, length: 2 ** 40 };

/** Bytes that look random and are the same for the same name. */
export function sampleBytes(size: number, name: string): Buffer {
  return createHash("shake256", { outputLength: Math.max(1, size) })
    .update(name)
    .digest()
    .subarray(0, size);
}

export function payload(content: string | Uint8Array): Payload & { readonly md5: string } {
  const bytes = Buffer.from(content);
  const md5 = createHash("md5").update(bytes).digest("hex");
  return { size: bytes.length, sha256: sha256(bytes), md5, contentType: "text/plain", open: () => bytes };
}

export function bytesAt(store: ObjectStore, key: string, signal: AbortSignal): Promise<Buffer | undefined> {
  return rangeAt(store, key, everything, signal);
}

export async function rangeAt(
  store: ObjectStore,
  key: string,
  range: ByteRange,
  signal: AbortSignal,
): Promise<Buffer | undefined> {
  const content = await store.get(key, range, signal);
  expect(
    content !== "changed",
    `${store.displayed} compares the tag of an object that was not asked for one`,
  );
  return content === undefined ? undefined : Buffer.concat(await Array.fromAsync(content.bytes));
}

interface KeysToList {
  readonly prefix: string;
  /** Of keys in one answer. */
  readonly limit?: number | undefined;
}

/** Every key below the prefix, without it, in the order that the store gives. */
export async function keysBelow(
  store: ObjectStore,
  { prefix, limit }: KeysToList,
  signal: AbortSignal,
): Promise<string[]> {
  const found: string[] = [];
  for (let after: string | undefined; ;) {
    const page = await store.list({ prefix, after, limit }, signal);
    found.push(...page.objects.map(({ key }) => key.slice(prefix.length)));
    after = page.objects.at(-1)?.key;
    if (page.isLast || after === undefined) return found;
  }
}

/** Writes an object of an export the way that parts are written. */
export async function putObject(
  destination: Destination,
  name: string,
  bytes: Uint8Array,
  signal: AbortSignal,
): Promise<void> {
  await using writer = await destination.create("tmp/check", signal);
  writer.write(bytes);
  await writer.commit(name);
  await writer.flush();
}

export async function objectBytes(
  destination: Destination,
  name: string,
  signal: AbortSignal,
): Promise<Buffer> {
  return Buffer.concat(await Array.fromAsync(destination.read(name, everything, signal)));
}

export async function recordText(
  destination: Destination,
  name: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  const bytes = await destination.get(name, signal);
  return bytes === undefined ? undefined : Buffer.from(bytes).toString();
}

export async function namesIn(destination: Destination, signal: AbortSignal): Promise<string[]> {
  return (await Array.fromAsync(destination.list("", signal))).map(({ name }) => name);
}

export const areSame = (a: readonly string[], b: readonly string[]): boolean =>
  a.length === b.length && a.every((name, i) => name === b[i]);

export const byUnits = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
/** The order of stores: by the bytes of UTF-8. */
export const byBytes = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));
