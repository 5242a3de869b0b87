/** Keeps what is asked of an object store, and the bytes that go to and fro, within limits. */
import type { ObjectStore, Payload } from "../domain/ports/object-store.ts";
import type { RequestTurns } from "./request-turns.ts";
import { aroundCalls } from "./store-calls.ts";
import { watchBytes } from "./watched-bytes.ts";

export interface StoreLimits {
  /** Requests at the same time. */
  readonly turns?: RequestTurns | undefined;
  /** Waits until so many bytes fit the rate. */
  readonly pace?: ((bytes: number, signal: AbortSignal) => Promise<void>) | undefined;
  /** Milliseconds without a reader after which the turn of an answer is given to others. */
  readonly lendAfter?: number;
}

/**
 * The same store; without limits, the very same. The bytes of an answer have a turn while somebody reads them, and lend it
 * out while nobody does: so a reader that asks for something else between two chunks does not wait for itself, and bytes
 * that nobody ever reads keep nothing. What a driver reads twice before it sends it is paced twice.
 */
export function withLimits(store: ObjectStore, limits: StoreLimits): ObjectStore {
  const { turns, pace, lendAfter = 100 } = limits;
  if (turns === undefined && pace === undefined) return store;
  const run = async <T>(call: () => Promise<T>, signal: AbortSignal): Promise<T> => {
    const release = await turns?.take(signal);
    try {
      return await call();
    } finally {
      release?.();
    }
  };
  return aroundCalls(store, {
    run: (_operation, call, signal) => run(call, signal),
    send: (_operation, payload, call, signal) =>
      run(() => call(pace === undefined ? payload : pacedPayload(payload, pace, signal)), signal),
    get: async (_object, call, signal) => {
      const turn = new LentTurn(turns, lendAfter, signal);
      await turn.take();
      try {
        const content = await call();
        if (typeof content !== "object") {
          turn.end();
          return content;
        }
        turn.lendSoon();
        return { ...content, bytes: limitedBytes(content.bytes, turn, pace, signal) };
      } catch (error) {
        turn.end();
        throw error;
      }
    },
  });
}

function limitedBytes(
  bytes: AsyncIterable<Uint8Array>,
  turn: LentTurn,
  pace: StoreLimits["pace"],
  signal: AbortSignal,
): AsyncIterable<Uint8Array> {
  return watchBytes(bytes, {
    before: () => turn.take(),
    came: async (length) => {
      await pace?.(length, signal);
      turn.lendSoon();
    },
    ended: () => turn.end(),
  });
}

/** A turn that goes back while it is not used. */
class LentTurn {
  readonly #turns: RequestTurns | undefined;
  readonly #lendAfter: number;
  readonly #signal: AbortSignal;
  #release: (() => void) | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(turns: RequestTurns | undefined, lendAfter: number, signal: AbortSignal) {
    this.#turns = turns;
    this.#lendAfter = lendAfter;
    this.#signal = signal;
  }

  async take(): Promise<void> {
    clearTimeout(this.#timer);
    this.#release ??= await this.#turns?.take(this.#signal);
  }

  lendSoon(): void {
    if (this.#release !== undefined) this.#timer = setTimeout(() => this.end(), this.#lendAfter);
  }

  end(): void {
    clearTimeout(this.#timer);
    this.#release?.();
    this.#release = undefined;
  }
}

/** Bytes that are paid for at once. */
const slice = 2 ** 16;

function pacedPayload(
  payload: Payload,
  pace: NonNullable<StoreLimits["pace"]>,
  signal: AbortSignal,
): Payload {
  return {
    ...payload,
    open: async function* () {
      const opened = payload.open();
      for await (const chunk of opened instanceof Uint8Array ? [opened] : opened)
        for (let from = 0; from < chunk.length; from += slice) {
          const piece = chunk.subarray(from, from + slice);
          await pace(piece.length, signal);
          yield piece;
        }
    },
  };
}
