/**
 * Remembers for a moment which objects were seen to be what they must be: a download in many ranges asks for one object many
 * times a second, and a URL that was handed out holds far longer than a moment anyway.
 */
import type { Clock } from "../../domain/ports/clock.ts";

const holdsForMs = 10_000;
const mostKept = 10_000;

export class SeenObjects {
  readonly #clock: Clock;
  readonly #limit: number;
  /** When each was seen; the oldest first. */
  readonly #seenAt = new Map<string, number>();

  constructor(clock: Clock, limit = mostKept) {
    this.#clock = clock;
    this.#limit = limit;
  }

  has(key: string): boolean {
    const age = this.#clock.now() - (this.#seenAt.get(key) ?? Number.NEGATIVE_INFINITY);
    // A clock that was set back must not make it last.
    return age >= 0 && age < holdsForMs;
  }

  add(key: string): void {
    this.#seenAt.delete(key);
    this.#seenAt.set(key, this.#clock.now());
    const [oldest] = this.#seenAt.keys();
    if (this.#seenAt.size > this.#limit && oldest !== undefined) this.#seenAt.delete(oldest);
  }
}
