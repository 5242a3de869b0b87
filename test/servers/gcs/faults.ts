/** What goes wrong on purpose: an answer that is lost, one that says no, a connection that is cut. */
import type { ServerResponse } from "node:http";
import { type ApiError, apiError } from "./api-error.ts";

/**
 * - `lose` carries the request out and breaks the connection instead of answering.
 * - `cut` breaks the connection as soon as the request's head is there, and does nothing.
 * - anything else is answered, and nothing is done.
 */
export type Fault = "lose" | "cut" | ApiError;

export const unavailable = apiError(
  503,
  "backendError",
  "We encountered an internal error. Please try again.",
);
export const throttled = apiError(
  429,
  "rateLimitExceeded",
  "The object exceeded the rate limit for object mutation operations.",
);

export interface Faults {
  /** The next of these operations go wrong. */
  next(operation: string, fault: Fault, times?: number): void;
  /** Each request, of whatever operation, goes wrong as this says. */
  each(decide: ((operation: string) => Fault | undefined) | undefined): void;
  /** What happens to this one. */
  take(operation: string): Fault | undefined;
}

export function makeFaults(): Faults {
  const due: { readonly operation: string; readonly fault: Fault; left: number }[] = [];
  let decideEach: ((operation: string) => Fault | undefined) | undefined;
  return {
    next: (operation, fault, times = 1) => due.push({ operation, fault, left: times }),
    each: (decide) => {
      decideEach = decide;
    },
    take: (operation) => {
      const first = due.find((fault) => fault.operation === operation && fault.left > 0);
      if (first === undefined) return decideEach?.(operation);
      first.left -= 1;
      return first.fault;
    },
  };
}

export const breakConnection = (response: ServerResponse): void => void response.destroy();
