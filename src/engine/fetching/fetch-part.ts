/** Fetches one part to its place in the growing archive, and again what of it came wrong. */
import { LongshoreError } from "../../domain/errors.ts";
import type { ArchivePart } from "./archive.ts";
import { blockSums } from "./block-sums.ts";
import { type Fetching, fetchInto } from "./fetch-into.ts";
import { fileSink } from "./file-sink.ts";
import type { PartialFile } from "./partial-file.ts";
import type { Tally } from "./progress-tally.ts";
import type { StateKeeper } from "./state-keeper.ts";

export interface PartWork {
  readonly fetching: Fetching;
  readonly file: PartialFile;
  readonly keeper: StateKeeper;
  readonly tally: Tally;
}

export interface FetchedPart {
  /** Bytes that an earlier run had left of it. */
  readonly kept: number;
  readonly isRight: boolean;
  /** Of its blocks, to find the wrong ones. */
  readonly sums: readonly number[];
}

/** Goes on after the `left` bytes of it that are on the disk. */
export async function fetchPart(
  part: ArchivePart,
  { fetching, file, keeper, tally, left }: PartWork & { readonly left: number },
  signal: AbortSignal,
): Promise<FetchedPart> {
  const blocks = blockSums();
  const sink = fileSink({
    file,
    offset: part.offset,
    end: part.offset + part.size,
    onTaken: (bytes) => {
      blocks.take(bytes);
      tally.add({ bytes: bytes.length });
    },
    onWritten: (bytes) => keeper.wrote(part, bytes),
  });
  const kept = left === 0 ? 0 : await sink.takeFromDisk(left, signal);
  tally.add({ kept });
  await fetchInto(fetching, sink, signal);
  await sink.finish();
  return { kept, isRight: sink.digest() === part.sha256, sums: blocks.sums() };
}

export function damagedPart(part: ArchivePart, subject: string): LongshoreError {
  return new LongshoreError(
    "Damaged",
    `part ${part.number} (${part.object}) of ${subject} does not come as the manifest says`,
    {
      hint: "ask whoever made the export to mend it with `longshore export` and --repair, then run the same command again",
    },
  );
}
