/** Keeps the state file of an archive in step with the download: after each part, and twice a second while parts grow. */
import type { Archive, ArchivePart } from "./archive.ts";
import type { PartialFile } from "./partial-file.ts";
import { type ArchiveState, type Stamp, writeState } from "./state-file.ts";

const interval = 500;

export interface StateKeeper {
  /** How many bytes of the part are written. */
  wrote(part: ArchivePart, bytes: number): Promise<void>;
  /** The part is written and has the right digest; resolves when the state says so. */
  checked(part: ArchivePart): Promise<void>;
  /** What was checked when a flush began is safe when it ends. */
  beginFlush(): () => void;
  /** The last state, when nothing is written any more. */
  settle(file: PartialFile): Promise<void>;
}

export interface StateKeeperOptions {
  readonly path: string;
  readonly archive: Archive;
  /** Numbers of the parts that need no second look. */
  readonly done: ReadonlySet<number>;
  /** Bytes written of parts by number. */
  readonly running: ReadonlyMap<number, number>;
  readonly etag: () => string | undefined;
  readonly now: () => number;
}

export function keepState(options: StateKeeperOptions): StateKeeper {
  const { path, archive, etag, now } = options;
  const done = new Set(options.done);
  const running = new Map(options.running);
  let unflushed: number[] = [];
  let writtenAt = now();
  const write = (stamp: Stamp | undefined): Promise<void> => {
    writtenAt = now();
    const tag = etag();
    const state: ArchiveState = {
      formatVersion: 1,
      kind: "archive",
      manifest: archive.manifestSha256,
      size: archive.size,
      done: [...done],
      running: [...running].filter(([, bytes]) => bytes > 0).map(([part, bytes]) => ({ part, bytes })),
      ...(tag === undefined ? undefined : { etag: tag }),
      ...(stamp === undefined ? undefined : { stamp }),
    };
    return writeState(path, state);
  };
  let current: Promise<void> = Promise.resolve();
  let queued: Promise<void> | undefined;
  /** All who ask while a state is being written share the next one. */
  const record = (stamp?: Stamp): Promise<void> => {
    queued ??= current.then(() => {
      queued = undefined;
      current = write(stamp);
      return current;
    });
    return queued;
  };
  return {
    wrote: async (part, bytes) => {
      running.set(part.number, bytes);
      if (now() - writtenAt >= interval) await record();
    },
    checked: async (part) => {
      running.set(part.number, part.size);
      unflushed.push(part.number);
      await record();
    },
    beginFlush: () => {
      const safe = unflushed;
      unflushed = [];
      return () => {
        for (const number of safe) {
          running.delete(number);
          done.add(number);
        }
      };
    },
    settle: async (file) => {
      await queued;
      await record(await file.stamp());
    },
  };
}
