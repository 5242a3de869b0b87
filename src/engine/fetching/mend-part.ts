/**
 * Mends a part that came with a wrong byte in it. Which byte is unknown, so all of it is fetched once more; where that isn't
 * right either, only the blocks that differ between tries are, since a line hardly damages a block twice in the same way.
 */
import type { ArchivePart } from "./archive.ts";
import { blockSize, blockSums } from "./block-sums.ts";
import { fetchInto } from "./fetch-into.ts";
import { fileSink } from "./file-sink.ts";
import type { PartWork } from "./fetch-part.ts";
import { hashRange } from "../verify/joined-file.ts";

const mostRounds = 8;

/** `sums` are those of the try that came wrong. False where the server's own bytes must be wrong, or the line hopeless. */
export async function mendPart(
  part: ArchivePart,
  work: PartWork & { readonly sums: readonly number[] },
  signal: AbortSignal,
): Promise<boolean> {
  const seen = work.sums.map((sum) => new Set([sum]));
  let suspects = [...seen.keys()];
  for (let round = 0; round < mostRounds && suspects.length > 0; round++) {
    const sums = await fetchSuspects(part, { ...work, suspects }, signal);
    const digest = await hashRange(work.file.handle, { offset: part.offset, length: part.size }, signal);
    if (digest === part.sha256) return true;
    suspects = suspects.filter((block) => {
      const sum = sums.get(block) ?? 0;
      const isAgreed = seen[block]?.has(sum) === true;
      seen[block]?.add(sum);
      return !isAgreed;
    });
  }
  return false;
}

/** Says the sum of each block as it came this time. */
async function fetchSuspects(
  part: ArchivePart,
  work: PartWork & { readonly suspects: readonly number[] },
  signal: AbortSignal,
): Promise<ReadonlyMap<number, number>> {
  const found = new Map<number, number>();
  for (const run of runsOf(work.suspects)) {
    const sums = await fetchBlocks(part, { ...work, run }, signal);
    for (const [i, sum] of sums.entries()) found.set(run.first + i, sum);
  }
  return found;
}

/** Blocks next to each other, fetched by one request. */
interface BlockRun {
  readonly first: number;
  readonly count: number;
}

function runsOf(blocks: readonly number[]): BlockRun[] {
  const runs: BlockRun[] = [];
  for (const block of blocks) {
    const last = runs.at(-1);
    if (last !== undefined && last.first + last.count === block)
      runs[runs.length - 1] = { first: last.first, count: last.count + 1 };
    else runs.push({ first: block, count: 1 });
  }
  return runs;
}

async function fetchBlocks(
  part: ArchivePart,
  { fetching, file, tally, run }: PartWork & { readonly run: BlockRun },
  signal: AbortSignal,
): Promise<readonly number[]> {
  const from = run.first * blockSize;
  const to = Math.min(part.size, from + run.count * blockSize);
  tally.add({ bytes: from - to });
  const found = blockSums();
  const sink = fileSink({
    file,
    offset: part.offset + from,
    end: part.offset + to,
    onTaken: (bytes) => {
      found.take(bytes);
      tally.add({ bytes: bytes.length });
    },
  });
  await fetchInto(fetching, sink, signal);
  await sink.finish();
  return found.sums();
}
