/** Which exports changed, for any number of followers: each hears of an export once, however often it changed since it last asked. */
export interface ChangeFeed {
  announce(uid: string): void;
  /** Follows from this call on; ends with the signal's reason. Memory grows with the exports that changed, never with the changes. */
  follow(signal: AbortSignal): AsyncIterable<string>;
}

interface Follower {
  readonly changed: Set<string>;
  wake: () => void;
}

export function createChangeFeed(): ChangeFeed {
  const followers = new Set<Follower>();
  return {
    announce: (uid) => {
      for (const { changed, wake } of followers) {
        changed.add(uid);
        wake();
      }
    },
    follow: (signal) => {
      const follower: Follower = { changed: new Set(), wake: () => undefined };
      followers.add(follower);
      const leave = (): void => {
        followers.delete(follower);
        follower.wake();
      };
      signal.addEventListener("abort", leave, { once: true });
      return changesOf(follower, leave, signal);
    },
  };
}

async function* changesOf(
  follower: Follower,
  leave: () => void,
  signal: AbortSignal,
): AsyncGenerator<string, void, undefined> {
  const { changed } = follower;
  try {
    for (;;) {
      signal.throwIfAborted();
      const [uid] = changed;
      if (uid !== undefined) {
        changed.delete(uid);
        yield uid;
        continue;
      }
      const { promise, resolve } = Promise.withResolvers<void>();
      follower.wake = resolve;
      await promise;
    }
  } finally {
    signal.removeEventListener("abort", leave);
    leave();
  }
}
