/** Puts an object only where there is none yet, with whatever the store offers for it. */
import { randomUUID } from "node:crypto";
import { LongshoreError } from "../../../domain/errors.ts";
import type { Payload } from "../../../domain/ports/object-store.ts";
import { unsureWrites } from "../../../domain/unsure-writes.ts";
import { isUnsupported, statusOf } from "./errors.ts";

/** Names the call that wrote an object, so that a call whose answer was lost knows its work again. */
const writerTag = "longshore-writer";

export interface ConditionalPut {
  /** Puts with more input of PutObject. */
  put(key: string, payload: Payload, extra: object, signal: AbortSignal): Promise<unknown>;
  /** The metadata of an object, or undefined where there is none. */
  metadata(key: string, signal: AbortSignal): Promise<Readonly<Record<string, string>> | undefined>;
}

type Answer = "put" | "there" | "unsupported";

/**
 * What comes back is `ObjectStore.putIfAbsent`. Some stores refuse conditions, others take them and do not heed them; the
 * first object is put twice to know. Where conditions are of no use it is asked first whether there is an object.
 */
export function conditionalPut(means: ConditionalPut) {
  const write = unsureWrites(randomUUID);
  let heeds: boolean | undefined;

  const writerOf = async (key: string, signal: AbortSignal): Promise<string | undefined> => {
    const metadata = await means.metadata(key, signal);
    return metadata === undefined ? undefined : (metadata[writerTag] ?? "");
  };
  const putIfNone = async (
    key: string,
    payload: Payload,
    id: string,
    signal: AbortSignal,
  ): Promise<Answer> => {
    try {
      await means.put(key, payload, { ...taggedBy(id), IfNoneMatch: "*" }, signal);
      return "put";
    } catch (error) {
      const cause = error instanceof LongshoreError ? (error.cause ?? {}) : {};
      if (statusOf(cause) === 412) return "there";
      if (isUnsupported(cause)) return "unsupported";
      throw error;
    }
  };
  const withCondition = async (key: string, payload: Payload, id: string, signal: AbortSignal) => {
    const answer = await putIfNone(key, payload, id, signal);
    if (answer === "unsupported") return undefined;
    if (answer === "there") return (await writerOf(key, signal)) === id;
    heeds ??= (await putIfNone(key, payload, id, signal)) === "there";
    return true;
  };

  return (key: string, payload: Payload, signal: AbortSignal): Promise<boolean> =>
    write(key, payload, async (id, isAgain) => {
      if (heeds !== true) {
        const before = await writerOf(key, signal);
        if (before !== undefined) return isAgain && before === id;
      }
      const isFirst = heeds === false ? undefined : await withCondition(key, payload, id, signal);
      if (isFirst !== undefined) return isFirst;
      heeds = false;
      await means.put(key, payload, taggedBy(id), signal);
      return true;
    });
}

const taggedBy = (id: string): object => ({ Metadata: { [writerTag]: id } });
