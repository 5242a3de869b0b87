/** Writes that are asked for at the same time share one transaction: what a commit costs is the wait for the disk. */
import type { LocalDatabase } from "./open-database.ts";

export interface GroupedWrite<D> {
  /** Says what to do. It reads what the writes before it did, writes nothing itself, and may throw. */
  readonly decide: () => D;
  /** Does it. An error here fails every write of the transaction. */
  readonly apply: (decision: D) => void;
  /** Told when it is durable, in the order of the writes. */
  readonly committed: (decision: D) => void;
}

export interface GroupCommit {
  /** Resolves when the write survives a power cut. One that is cancelled before its turn does nothing. */
  add<D>(write: GroupedWrite<D>, signal: AbortSignal): Promise<D>;
}

/** A write that waits for its turn; `run` is within the transaction and gives what is to be done after it. */
interface Waiting {
  readonly run: () => () => void;
  readonly fail: (error: unknown) => void;
}

/** So that one transaction never keeps other work waiting for long. */
const largestGroup = 256;

export function groupCommit(database: LocalDatabase): GroupCommit {
  const queue: Waiting[] = [];
  const flush = (): void => {
    const group = queue.splice(0, largestGroup);
    if (queue.length > 0) setImmediate(flush);
    try {
      const ends = database.write(() => group.map(({ run }) => run()));
      for (const end of ends) end();
    } catch (error) {
      for (const { fail } of group) fail(error);
    }
  };
  return {
    add: <D>({ decide, apply, committed }: GroupedWrite<D>, signal: AbortSignal) => {
      const { promise, resolve, reject } = Promise.withResolvers<D>();
      const run = (): (() => void) => {
        let decision: D;
        try {
          signal.throwIfAborted();
          decision = database.read(decide);
        } catch (error) {
          return () => reject(error);
        }
        apply(decision);
        return () => {
          committed(decision);
          resolve(decision);
        };
      };
      if (queue.push({ run, fail: reject }) === 1) setImmediate(flush);
      return promise;
    },
  };
}
