/**
 * Remembers which stored objects were seen to have their digest. Hashing costs three times what sending does, so it is done
 * for the first download of an object, and again when the object changed or an hour later: a disk may rot unnoticed.
 */
import type { Clock } from "../../domain/ports/clock.ts";
import type { ReadableObject } from "./open-object.ts";

const holdsForMs = 3_600_000;
/** Changes closer to one another than the file system's clock may leave the same version behind. */
const settlesInMs = 2_000;
/** Two exports of the most parts there can be. */
const mostKept = 20_000;

export class ProvenObjects {
  readonly #clock: Clock;
  readonly #limit: number;
  /** When each was proven; the oldest first. */
  readonly #provenAt = new Map<string, number>();

  constructor(clock: Clock, limit = mostKept) {
    this.#clock = clock;
    this.#limit = limit;
  }

  has(object: ReadableObject, sha256: string): boolean {
    const key = keyOf(object, sha256);
    const provenAt = key === undefined ? undefined : this.#provenAt.get(key);
    if (provenAt === undefined) return false;
    const age = this.#clock.now() - provenAt;
    // A clock that was set back must not make a proof last.
    return age >= 0 && age < holdsForMs;
  }

  /** To be told when every byte was read and hashed; `openedAt` is when, before the first of them. */
  add(object: ReadableObject, sha256: string, openedAt: number): void {
    const key = keyOf(object, sha256);
    if (key === undefined || openedAt - (object.changedAt ?? openedAt) < settlesInMs) return;
    this.#provenAt.delete(key);
    this.#provenAt.set(key, this.#clock.now());
    const [oldest] = this.#provenAt.keys();
    if (this.#provenAt.size > this.#limit && oldest !== undefined) this.#provenAt.delete(oldest);
  }

  now(): number {
    return this.#clock.now();
  }
}

const keyOf = ({ version }: ReadableObject, sha256: string): string | undefined =>
  version === undefined ? undefined : `${sha256} ${version}`;
