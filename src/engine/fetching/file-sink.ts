/** Takes a run of a file in order: hashes it and writes it to its place, in larger pieces than a connection brings. */
import { createHash } from "node:crypto";
import type { Sink } from "./fetch-into.ts";
import type { PartialFile } from "./partial-file.ts";

const pieceSize = 1024 * 1024;

export interface FileSink extends Sink {
  /** Takes as many bytes as are on the disk already, at most so many; says how many. Only before any other. */
  takeFromDisk(most: number, signal: AbortSignal): Promise<number>;
  /** Writes what was only gathered so far. */
  finish(): Promise<void>;
  /** SHA-256 of everything taken, in hex; the sink is used up. */
  digest(): string;
}

export interface FileSinkOptions {
  readonly file: PartialFile;
  readonly offset: number;
  /** After the last byte; undefined where it is not known. */
  readonly end: number | undefined;
  /** Called with each run of bytes taken, from the disk or not. */
  readonly onTaken: (bytes: Uint8Array) => void;
  /** Called with how many bytes of the run are written. */
  readonly onWritten?: (bytes: number) => Promise<void>;
}

export function fileSink({ file, offset, end, onTaken, onWritten }: FileSinkOptions): FileSink {
  const hash = createHash("sha256");
  let position = offset;
  let written = offset;
  let gathered: Uint8Array[] = [];
  const finish = async (): Promise<void> => {
    if (gathered.length === 0) return;
    const chunks = gathered;
    gathered = [];
    await file.write(chunks, written);
    written = position;
    await onWritten?.(written - offset);
  };
  const took = (bytes: Uint8Array): void => {
    hash.update(bytes);
    position += bytes.length;
    onTaken(bytes);
  };
  return {
    end,
    position: () => position,
    take: async (bytes) => {
      took(bytes);
      gathered.push(bytes);
      if (position - written >= pieceSize) await finish();
    },
    takeFromDisk: async (most, signal) => {
      const buffer = Buffer.allocUnsafe(Math.min(pieceSize, Math.max(most, 1)));
      while (position - offset < most) {
        signal.throwIfAborted();
        const length = Math.min(buffer.length, most - (position - offset));
        const { bytesRead } = await file.handle.read(buffer, 0, length, position);
        if (bytesRead === 0) break;
        took(buffer.subarray(0, bytesRead));
      }
      written = position;
      return position - offset;
    },
    finish,
    digest: () => hash.digest("hex"),
  };
}
