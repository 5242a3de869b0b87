/** A store whose credentials come from a place where they are replaced now and then, such as a mounted Secret. */
import { LongshoreError } from "../domain/errors.ts";
import type { ObjectStore } from "../domain/ports/object-store.ts";
import { aroundCalls } from "./store-calls.ts";

export interface ReplacedCredentials<Credentials> {
  /** What is there now. Throws CredentialsInvalid where it can't be read. */
  readonly read: () => Credentials;
  readonly areSame: (a: Credentials, b: Credentials) => boolean;
  /** Nothing is asked yet. */
  readonly open: (credentials: Credentials) => ObjectStore;
  /** In milliseconds, and never going back. */
  readonly now: () => number;
}

/** Milliseconds after which what is there is looked at again before a call. */
const lookAfter = 1000;

/**
 * Calls are made with the credentials that are there, looked at once a second; a call that the store refuses because of them is
 * made once more if there are others by then. Throws CredentialsInvalid, and what opening throws.
 */
export function withReplacedCredentials<Credentials>(
  credentials: ReplacedCredentials<Credentials>,
): ObjectStore {
  let known = credentials.read();
  let lookedAt = credentials.now();
  const first = credentials.open(known);
  let store = first;

  /** What can't be read just now may be about to be replaced: what was there last goes on. */
  const look = (): void => {
    lookedAt = credentials.now();
    const found = readOrUndefined(credentials);
    if (found === undefined || credentials.areSame(found, known)) return;
    store = credentials.open(found);
    known = found;
  };
  const ask = async <T>(call: (current: ObjectStore) => Promise<T>): Promise<T> => {
    if (credentials.now() - lookedAt >= lookAfter) look();
    const asked = store;
    try {
      return await call(asked);
    } catch (error) {
      if (!(error instanceof LongshoreError) || error.code !== "CredentialsInvalid") throw error;
      look();
      if (store === asked) throw error;
      return await call(store);
    }
  };

  return aroundCalls(first, { run: (_operation, call) => ask(call), sign: ask });
}

function readOrUndefined<Credentials>({ read }: ReplacedCredentials<Credentials>): Credentials | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof LongshoreError) return undefined;
    throw error;
  }
}
