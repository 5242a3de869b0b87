/** Hashes stored objects as they are read. */
import { createHash } from "node:crypto";
import type { Destination } from "../../domain/ports/destination.ts";
import type { FileDigest } from "../../domain/receipt.ts";
import type { Problem } from "./report.ts";

/** What is wrong with an object that must have this size and digest; reads it only where its size is right. */
export async function checkObject(
  destination: Destination,
  expected: FileDigest,
  onBytes: (length: number) => void,
  signal: AbortSignal,
): Promise<Problem | undefined> {
  const { object, size, sha256 } = expected;
  const actual = await destination.size(object, signal);
  if (actual === undefined) return { kind: "missing", object, message: "is missing" };
  if (actual !== size) return { kind: "size", object, message: `has ${actual} bytes instead of ${size}` };
  const hash = createHash("sha256");
  for await (const chunk of destination.read(object, { offset: 0, length: size }, signal)) {
    hash.update(chunk);
    onBytes(chunk.length);
    signal.throwIfAborted();
  }
  if (hash.digest("hex") === sha256) return undefined;
  return { kind: "digest", object, message: "does not have the SHA-256 that the manifest says" };
}

/** Does the work for each item, a few at a time, so that reading one runs beside hashing another. */
export async function fewAtATime<T>(
  items: Iterable<T> | AsyncIterable<T>,
  work: (item: T) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const running = new Set<Promise<void>>();
  let failure: { error: unknown } | undefined;
  const attempt = async (item: T): Promise<void> => {
    try {
      await work(item);
    } catch (error) {
      failure ??= { error };
    }
  };
  for await (const item of items) {
    signal.throwIfAborted();
    const done = attempt(item).finally(() => running.delete(done));
    running.add(done);
    if (running.size >= atOnce) await Promise.race(running);
    if (failure !== undefined) break;
  }
  await Promise.all(running);
  if (failure !== undefined) throw failure.error;
}

const atOnce = 4;
