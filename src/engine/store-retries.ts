/** Asks an object store again where that may help: with growing, random pauses, within a budget, and nowhere else. */
import { setTimeout } from "node:timers/promises";
import { waitAfter } from "../domain/back-off.ts";
import { LongshoreError } from "../domain/errors.ts";
import type { ObjectContent, ObjectStore, WantedRange } from "../domain/ports/object-store.ts";
import { aroundCalls, type FoundContent } from "./store-calls.ts";
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
  const retrier = new Retrier(policy);
  return aroundCalls(store, {
    run: (_operation, call, signal) => retrier.run(call, signal),
    sign: (call, signal) => retrier.run(call, signal),
    get: async ({ key, wanted }, call, signal) => {
      const content = await retrier.run(() => call(), signal);
      if (typeof content !== "object") return content;
      const displayed = `${key} in ${store.displayed}`;
      const bytes = resumed({ displayed, wanted, content, call }, retrier, signal);
      return { ...content, bytes: closedEvenUnread(bytes) };
    },
  });
}

interface Reading {
  /** For messages. */
  readonly displayed: string;
  readonly wanted: WantedRange;
  readonly content: ObjectContent;
  readonly call: (wanted: WantedRange) => Promise<FoundContent>;
}

/** The bytes of a range; after a cut they go on where they stopped, out of the same object or not at all. */
async function* resumed(
  { displayed, wanted, content, call }: Reading,
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
    const found = await call({ ...range, ifMatch: content.facts.etag });
    if (typeof found === "object") return found.bytes;
    throw new LongshoreError("Damaged", `${displayed} became another while it was read`);
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
