/** The growing file of a download: written at any offset, and flushed on the way, so that its end and Ctrl-C need not wait long. */
import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { LongshoreError } from "../../domain/errors.ts";
import { outputError } from "../reading/output-error.ts";
import type { Stamp } from "./state-file.ts";

/** Written bytes after which a flush begins; writers wait where twice as many are not flushed. */
const flushEvery = 32 * 1024 * 1024;

export interface PartialFile extends AsyncDisposable {
  readonly handle: FileHandle;
  /** Bytes that were there when it was opened. */
  readonly sizeAtFirst: number;
  readonly stampAtFirst: Stamp;
  /** Takes the chunks one after another; they may not be changed afterwards. */
  write(chunks: readonly Uint8Array[], offset: number): Promise<void>;
  /** `begin` is called when a flush begins; what it returns is called when everything written until then is safe. */
  observeFlushes(begin: () => () => void): void;
  truncate(size: number): Promise<void>;
  stamp(): Promise<Stamp>;
  /** Everything written so far survives a power cut. */
  flush(): Promise<void>;
}

/** `largest` is the size to which a file is cut that is larger, undefined where that isn't known. */
export async function openPartialFile(path: string, largest: number | undefined): Promise<PartialFile> {
  let handle: FileHandle;
  try {
    // With O_NONBLOCK a FIFO that stands there is an error and no endless wait.
    const flags = constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW | constants.O_NONBLOCK;
    handle = await open(path, flags, 0o666);
  } catch (error) {
    throw outputError(error, path);
  }
  const failing = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      throw outputError(error, path);
    }
  };
  let beginFlush = (): (() => void) => () => undefined;
  let unflushed = 0;
  let flushing: Promise<void> | undefined;
  let failure: Error | undefined;
  const flush = async (): Promise<void> => {
    // The system tells a lost write only once.
    if (failure !== undefined) throw failure;
    unflushed = 0;
    const flushed = beginFlush();
    await handle.datasync();
    flushed();
  };
  const flushBeside = async (): Promise<void> => {
    try {
      await flush();
    } catch (error) {
      failure = error as Error;
    } finally {
      flushing = undefined;
    }
  };
  const flushInTime = async (): Promise<void> => {
    while (unflushed >= flushEvery && flushing !== undefined) await flushing;
    if (failure !== undefined) throw failure;
    if (unflushed >= flushEvery) flushing = flushBeside();
  };
  try {
    if (!(await handle.stat()).isFile()) throw new LongshoreError("TargetUnsafe", `${path} is no file`);
    const stampAtFirst = await failing(() => stampOf(handle));
    if (largest !== undefined && stampAtFirst.size > largest) await failing(() => handle.truncate(largest));
    return {
      handle,
      sizeAtFirst: Math.min(stampAtFirst.size, largest ?? Infinity),
      stampAtFirst,
      write: (chunks, offset) =>
        failing(async () => {
          await writeAll(handle, chunks, offset);
          for (const chunk of chunks) unflushed += chunk.length;
          await flushInTime();
        }),
      observeFlushes: (begin) => {
        beginFlush = begin;
      },
      truncate: (size) => failing(() => handle.truncate(size)),
      stamp: () => failing(() => stampOf(handle)),
      flush: () =>
        failing(async () => {
          await flushing;
          await flush();
        }),
      [Symbol.asyncDispose]: () => handle.close(),
    };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

async function stampOf(handle: FileHandle): Promise<Stamp> {
  const found = await handle.stat({ bigint: true });
  return { size: Number(found.size), mtime: String(found.mtimeNs) };
}

async function writeAll(handle: FileHandle, chunks: readonly Uint8Array[], offset: number): Promise<void> {
  let position = offset;
  let left = [...chunks];
  while (left.length > 0) {
    const { bytesWritten } = await handle.writev(left, position);
    position += bytesWritten;
    left = after(left, bytesWritten);
  }
}

/** What a write that took fewer bytes has left. */
function after(chunks: readonly Uint8Array[], written: number): Uint8Array[] {
  let skip = written;
  const left: Uint8Array[] = [];
  for (const chunk of chunks) {
    if (skip < chunk.length) left.push(skip === 0 ? chunk : chunk.subarray(skip));
    skip = Math.max(0, skip - chunk.length);
  }
  return left;
}
