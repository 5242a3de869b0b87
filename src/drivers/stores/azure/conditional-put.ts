/** Puts a blob only where there is none yet, and knows its own work again where an answer was lost. */
import { randomUUID } from "node:crypto";
import type { Payload } from "../../../domain/ports/object-store.ts";
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
  /** Ids of writes that nobody knows the end of. Whoever repeats one gives the same payload; others at the same key do not. */
  const unsure = new WeakMap<Payload, string>();
  return async (key: string, payload: Payload, signal: AbortSignal): Promise<boolean> => {
    const isAgain = unsure.has(payload);
    const id = unsure.get(payload) ?? randomUUID();
    unsure.set(payload, id);
    const isStored = await put({ key, payload, metadata: { [writerTag]: id }, onlyNew: true }, signal);
    const isFirst = isStored || (isAgain && (await writerOf(container, key, signal)) === id);
    unsure.delete(payload);
    return isFirst;
  };
}

async function writerOf(container: Container, key: string, signal: AbortSignal): Promise<string | undefined> {
  const metadata = await ask<Record<string, string>>(
    container,
    {
      operation: "Get Blob Properties",
      key,
      run: async (options) => (await blobOf(container, key).getProperties(options)).metadata ?? {},
    },
    signal,
    (error) => {
      if (isMissing(error)) return {};
      throw error;
    },
  );
  return metadata[writerTag];
}
