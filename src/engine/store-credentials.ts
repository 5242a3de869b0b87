/** A store whose credentials come from a place where they are replaced now and then, such as a mounted Secret. */
import { LongshoreError } from "../domain/errors.ts";
import type { ObjectStore } from "../domain/ports/object-store.ts";

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

  const forwarded = forward(first, (current) => current, ask);
  if (first.multipart === undefined) return forwarded;
  return { ...forwarded, multipart: forward(first.multipart, (current) => current.multipart, ask) };
}

function readOrUndefined<Credentials>({ read }: ReplacedCredentials<Credentials>): Credentials | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof LongshoreError) return undefined;
    throw error;
  }
}

/** Every method of it asks whichever store there is then; everything else is as it is. */
function forward<T extends object>(
  first: T,
  pick: (current: ObjectStore) => unknown,
  ask: <R>(call: (current: ObjectStore) => Promise<R>) => Promise<R>,
): T {
  const members = Object.entries(first).map(([name, member]: [string, unknown]) => {
    if (typeof member !== "function") return [name, member];
    const method = (...args: readonly unknown[]): Promise<unknown> =>
      ask((current) => {
        const methods = pick(current) as Record<string, (...args: readonly unknown[]) => Promise<unknown>>;
        return methods[name]?.(...args) ?? Promise.reject(new LongshoreError("CredentialsInvalid", gone));
      });
    return [name, method];
  });
  return Object.fromEntries(members) as T;
}

const gone = "the credentials were replaced by others that can do less";
