/** Asks an object store again where that may help: with growing, random pauses, within a budget, and nowhere else. */
import { setTimeout } from "node:timers/promises";
import { waitAfter } from "../domain/back-off.ts";
import { LongshoreError } from "../domain/errors.ts";
import type {
  MultipartUploads,
  ObjectContent,
  ObjectStore,
  WantedRange,
} from "../domain/ports/object-store.ts";
import { closedEvenUnread } from "./watched-bytes.ts";

export interface RetryPolicy {
  /** Times that one call is made at most. */
  readonly attempts: number;
  /** The same for a store that has never answered, where that is another number. */
  readonly attemptsAtFirst?: number;
  /** The longest pause after the first attempt, in milliseconds; it doubles with each. */
  readonly firstPause: number;
  readonly longestPause: number;
  /** Between 0 and 1. */
  readonly random: () => number;
  /**
   * Retries that all calls together may spend. Each takes one; each call that succeeds gives a tenth of one back, so a
   * store that only fails is not stormed, and one that fails now and then is asked for ever.
   */
  readonly budget: number;
}

/** What the store itself says may be better the next time. Everything else is final. */
const worthAnother = new Set<string>(["StoreBusy", "StoreUnreachable", "StoreFailed"]);

/** The same store; nothing below it may ask again by itself. */
export function withRetries(store: ObjectStore, policy: RetryPolicy): ObjectStore {
  const { presign } = store;
  const retrier = new Retrier(policy);
  const again = <T>(call: () => Promise<T>, signal: AbortSignal): Promise<T> => retrier.run(call, signal);
  return {
    kind: store.kind,
    displayed: store.displayed,
    identity: store.identity,
    bucket: store.bucket,
    longestKey: store.longestKey,
    check: (signal) => again(() => store.check(signal), signal),
    put: (key, payload, signal) => again(() => store.put(key, payload, signal), signal),
    putIfAbsent: (key, payload, signal) => again(() => store.putIfAbsent(key, payload, signal), signal),
    get: async (key, wanted, signal) => {
      const content = await again(() => store.get(key, wanted, signal), signal);
      if (content === undefined || content === "changed") return content;
      const bytes = resumed(store, { key, wanted, content }, retrier, signal);
      return { ...content, bytes: closedEvenUnread(bytes) };
    },
    head: (key, signal) => again(() => store.head(key, signal), signal),
    list: (query, signal) => again(() => store.list(query, signal), signal),
    remove: (keys, signal) => again(() => store.remove(keys, signal), signal),
    copy: (from, key, signal) => again(() => store.copy(from, key, signal), signal),
    ...(presign === undefined
      ? undefined
      : { presign: (key, terms, signal) => again(() => presign(key, terms, signal), signal) }),
    ...(store.multipart === undefined ? undefined : { multipart: retriedUploads(store.multipart, again) }),
  };
}

type Again = <T>(call: () => Promise<T>, signal: AbortSignal) => Promise<T>;

function retriedUploads(uploads: MultipartUploads, again: Again): MultipartUploads {
  return {
    smallestPart: uploads.smallestPart,
    mostParts: uploads.mostParts,
    begin: (key, type, signal) => again(() => uploads.begin(key, type, signal), signal),
    put: (part, payload, signal) => again(() => uploads.put(part, payload, signal), signal),
    list: (upload, after, signal) => again(() => uploads.list(upload, after, signal), signal),
    complete: (upload, parts, signal) => again(() => uploads.complete(upload, parts, signal), signal),
    madeOf: (key, parts, signal) => again(() => uploads.madeOf(key, parts, signal), signal),
    abort: (upload, signal) => again(() => uploads.abort(upload, signal), signal),
    uploads: (prefix, signal) => again(() => uploads.uploads(prefix, signal), signal),
  };
}

interface Reading {
  readonly key: string;
  readonly wanted: WantedRange;
  readonly content: ObjectContent;
}

/** The bytes of a range; after a cut they go on where they stopped, out of the same object or not at all. */
async function* resumed(
  store: ObjectStore,
  { key, wanted, content }: Reading,
  retrier: Retrier,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  let done = 0;
  let failures = 0;
  let bytes: AsyncIterable<Uint8Array> | undefined = content.bytes;
  for (;;) {
    try {
      for await (const chunk of bytes ?? (await rest())) {
        done += chunk.length;
        failures = 0;
        yield chunk;
      }
      return;
    } catch (error) {
      bytes = undefined;
      await retrier.pause(error, ++failures, signal);
    }
  }

  async function rest(): Promise<AsyncIterable<Uint8Array>> {
    const range = { offset: wanted.offset + done, length: wanted.length - done };
    if (range.length === 0) return { async *[Symbol.asyncIterator]() {} };
    const found = await store.get(key, { ...range, ifMatch: content.facts.etag }, signal);
    if (found !== undefined && found !== "changed") return found.bytes;
    throw new LongshoreError("Damaged", `${key} in ${store.displayed} became another while it was read`);
  }
}

class Retrier {
  readonly #policy: RetryPolicy;
  #budget: number;
  #hasAnswered = false;

  constructor(policy: RetryPolicy) {
    this.#policy = policy;
    this.#budget = policy.budget;
  }

  async run<T>(call: () => Promise<T>, signal: AbortSignal): Promise<T> {
    for (let failures = 0; ;) {
      try {
        const result = await call();
        this.#hasAnswered = true;
        this.#budget = Math.min(this.#policy.budget, this.#budget + 0.1);
        return result;
      } catch (error) {
        await this.pause(error, ++failures, signal);
      }
    }
  }

  /** Waits before another attempt; throws the error where there must be none. */
  async pause(error: unknown, failures: number, signal: AbortSignal): Promise<void> {
    const { firstPause, longestPause, random } = this.#policy;
    const pauses = { first: firstPause, longest: longestPause, certain: 0 };
    const isWorthIt = error instanceof LongshoreError && worthAnother.has(error.code);
    if (!isWorthIt || failures >= this.#mostFailures(error.code) || this.#budget < 1) throw error;
    this.#budget -= 1;
    await setTimeout(waitAfter(failures, pauses, random), undefined, { signal }).catch(() =>
      signal.throwIfAborted(),
    );
    signal.throwIfAborted();
  }

  /** Whoever mistyped an endpoint should hear of it soon; one that has answered before is waited for. */
  #mostFailures(code: string): number {
    const { attempts, attemptsAtFirst = attempts } = this.#policy;
    return code === "StoreUnreachable" && !this.#hasAnswered ? Math.min(attempts, attemptsAtFirst) : attempts;
  }
}
