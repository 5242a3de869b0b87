/** Puts an object only where there is none yet, with whatever the store offers for it. */
import { randomUUID } from "node:crypto";
import type { Payload } from "../../../domain/ports/object-store.ts";
import { isUnsupported, statusOf } from "./errors.ts";

/** Names the call that wrote an object, so that a call whose answer was lost knows its work again. */
const writerTag = "longshore-writer";

export interface ConditionalPut {
  /** Puts with more input of PutObject. */
  put(key: string, payload: Payload, extra: object, signal: AbortSignal): Promise<unknown>;
  /** The metadata of an object, or undefined where there is none. */
  metadata(key: string, signal: AbortSignal): Promise<Readonly<Record<string, string>> | undefined>;
}

/** What comes back is `ObjectStore.putIfAbsent`. */
export function conditionalPut(means: ConditionalPut) {
  /** Ids of writes that nobody knows the end of, by key. */
  const unsure = new Map<string, string>();
  const writerOf = async (key: string, signal: AbortSignal): Promise<string | undefined> => {
    const metadata = await means.metadata(key, signal);
    return metadata === undefined ? undefined : (metadata[writerTag] ?? "");
  };
  const attempt = async (
    key: string,
    payload: Payload,
    id: string,
    signal: AbortSignal,
  ): Promise<boolean> => {
    const tagged = { Metadata: { [writerTag]: id } };
    try {
      await means.put(key, payload, { ...tagged, IfNoneMatch: "*" }, signal);
      return true;
    } catch (error) {
      const { cause } = error as Error;
      if (statusOf(cause ?? {}) === 412) return (await writerOf(key, signal)) === id;
      if (!isUnsupported(cause ?? {})) throw error;
      await means.put(key, payload, tagged, signal);
      return (await writerOf(key, signal)) === id;
    }
  };
  return async (key: string, payload: Payload, signal: AbortSignal): Promise<boolean> => {
    const begun = unsure.get(key);
    const id = begun ?? randomUUID();
    // Some stores know nothing of conditions and do not say so, so whether there is one is asked first.
    const before = await writerOf(key, signal);
    unsure.delete(key);
    if (before !== undefined) return before === begun;
    unsure.set(key, id);
    const isFirst = await attempt(key, payload, id, signal);
    unsure.delete(key);
    return isFirst;
  };
}
