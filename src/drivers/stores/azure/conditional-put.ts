/** Puts a blob only where there is none yet, and knows its own work again where an answer was lost. */
import { randomUUID } from "node:crypto";
import type { Payload } from "../../../domain/ports/object-store.ts";
import { unsureWrites } from "../../../domain/unsure-writes.ts";
import { ask, blobOf, type Container } from "./container.ts";
import { isMissing } from "./errors.ts";
import type { NewObject } from "./put.ts";

/** Names the call that wrote a blob. */
const writerTag = "longshore_writer";

/** What comes back is `ObjectStore.putIfAbsent`. `put` says false where there is such a blob. */
export function conditionalPut(
  container: Container,
  put: (made: NewObject, signal: AbortSignal) => Promise<boolean>,
) {
  const write = unsureWrites(randomUUID);
  return (key: string, payload: Payload, signal: AbortSignal): Promise<boolean> =>
    write(key, payload, async (id, isAgain) => {
      const made = { key, payload, metadata: { [writerTag]: id }, onlyNew: true };
      if (await put(made, signal)) return true;
      return isAgain && (await writerOf(container, key, signal)) === id;
    });
}

async function writerOf(container: Container, key: string, signal: AbortSignal): Promise<string | undefined> {
  const metadata = await ask<Record<string, string>>(
    container,
    {
      operation: "Get Blob Properties",
      key,
      run: async (options) => (await blobOf(container, key).getProperties(options)).metadata ?? {},
      rescue: (error) => {
        if (isMissing(error)) return {};
        throw error;
      },
    },
    signal,
  );
  return metadata[writerTag];
}
