/** Counts what an object store is asked: each attempt with its outcome and time, and the bytes both ways. */
import { type ErrorCode, LongshoreError } from "../domain/errors.ts";
import type { ObjectStore } from "../domain/ports/object-store.ts";
import { aroundCalls, type StoreOperation } from "./store-calls.ts";
import { watchBytes } from "./watched-bytes.ts";

/** "cancelled" is our own doing; "failed" what no driver classified. */
export type StoreOutcome = "ok" | "cancelled" | "failed" | ErrorCode;

/** Is told of every request when it is over, and of bytes when they came or were taken. */
export interface StoreMeter {
  requested(request: StoreRequest): void;
  moved(bytes: StoreBytes): void;
}

export interface StoreRequest {
  readonly scheme: string;
  readonly operation: StoreOperation;
  readonly outcome: StoreOutcome;
  readonly seconds: number;
}

export interface StoreBytes {
  readonly scheme: string;
  /** "in" is what we read. */
  readonly direction: "in" | "out";
  readonly bytes: number;
}

/** `now` is in milliseconds and never goes back. A `get` is over when its bytes are read or left. */
export function withMetrics(store: ObjectStore, meter: StoreMeter, now: () => number): ObjectStore {
  const scheme = store.kind;
  const begun = (operation: StoreOperation, signal: AbortSignal): ((error?: unknown) => void) => {
    const start = now();
    return (error) => {
      const seconds = Math.max(0, now() - start) / 1000;
      meter.requested({ scheme, operation, outcome: outcomeOf(error, signal), seconds });
    };
  };
  const run = async <T>(
    operation: StoreOperation,
    call: () => Promise<T>,
    signal: AbortSignal,
  ): Promise<T> => {
    const over = begun(operation, signal);
    try {
      const result = await call();
      over();
      return result;
    } catch (error) {
      over(error);
      throw error;
    }
  };
  return aroundCalls(store, {
    run,
    send: async (operation, payload, call, signal) => {
      const result = await run(operation, () => call(payload), signal);
      meter.moved({ scheme, direction: "out", bytes: payload.size });
      return result;
    },
    get: async (_object, call, signal) => {
      const over = begun("get", signal);
      try {
        const content = await call();
        if (typeof content !== "object") {
          over();
          return content;
        }
        const came = (bytes: number): void => meter.moved({ scheme, direction: "in", bytes });
        return { ...content, bytes: watchBytes(content.bytes, { came, ended: over }) };
      } catch (error) {
        over(error);
        throw error;
      }
    },
  });
}

function outcomeOf(error: unknown, signal: AbortSignal): StoreOutcome {
  if (error === undefined) return "ok";
  if (signal.aborted) return "cancelled";
  return error instanceof LongshoreError ? error.code : "failed";
}
