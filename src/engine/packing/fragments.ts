/** What a worker writes beside its part: the part's lines of the index, and its differences if there are any. */
import { createHash } from "node:crypto";
import { jsonMember } from "../../domain/byte-string.ts";
import type { DifferenceReason, PlannedEntry } from "../../domain/entry.ts";
import { differencesFragmentName, indexFragmentName } from "../../domain/part.ts";
import { indexLine, type Placement } from "../../domain/plan-line.ts";
import type { Destination, ObjectWriter } from "../../domain/ports/destination.ts";
import type { IndexPage, Receipt } from "../../domain/receipt.ts";
import { createLineWriter, digestOf, type LineFrame } from "../line-frames.ts";

export interface Fragments extends AsyncDisposable {
  /** `line` is the entry's plan line. */
  index(path: string, line: string, placement: Placement): void;
  difference(entry: PlannedEntry, reason: DifferenceReason): void;
  /** Gives the fragments their names; they are durable after `flush`. */
  commit(): Promise<Pick<Receipt, "index" | "differences">>;
  flush(): Promise<void>;
}

export async function openFragments(
  destination: Destination,
  part: number,
  temporary: string,
  signal: AbortSignal,
): Promise<Fragments> {
  const writer = await destination.create(`${temporary}.index`, signal);
  const lines = createLineWriter(writer);
  const firstPaths: string[] = [];
  const differences = differenceLog(async () => destination.create(`${temporary}.differences`, signal));
  return {
    index: (path, line, placement) => {
      if (lines.add(indexLine(line, placement))) firstPaths.push(path);
    },
    difference: (entry, reason) => differences.add(entry, reason),
    commit: async () => {
      const written = lines.finish();
      const object = indexFragmentName(part, written.sha256);
      await writer.commit(object);
      const pages = written.frames.map((frame, i) => pageOf(frame, firstPaths[i] ?? ""));
      const index = { fragment: digestOf(object, written), lines: written.lines, pages };
      return { index, differences: await differences.commit(part) };
    },
    flush: async () => {
      await writer.flush();
      await differences.flush();
    },
    [Symbol.asyncDispose]: async () => {
      await writer[Symbol.asyncDispose]();
      await differences[Symbol.asyncDispose]();
    },
  };
}

function pageOf(frame: LineFrame, firstPath: string): IndexPage {
  const path = JSON.parse(`{${jsonMember("path", firstPath)}}`) as Pick<IndexPage, "path" | "pathBase64">;
  return { ...path, offset: frame.offset, size: frame.size, lines: frame.lines };
}

interface DifferenceLog extends AsyncDisposable {
  add(entry: PlannedEntry, reason: DifferenceReason): void;
  commit(part: number): Promise<Receipt["differences"]>;
  flush(): Promise<void>;
}

const batchLength = 1000;

/** Most parts have none, so nothing is created before there is one. */
function differenceLog(create: () => Promise<ObjectWriter>): DifferenceLog {
  const hash = createHash("sha256");
  let batch: string[] = [];
  const batches: Uint8Array[] = [];
  let count = 0;
  let writer: ObjectWriter | undefined;
  const seal = (): void => {
    const bytes = Buffer.from(batch.join(""));
    hash.update(bytes);
    batches.push(bytes);
    batch = [];
  };
  return {
    add: (entry, reason) => {
      batch.push(`{${jsonMember("path", entry.path)},"type":"${entry.type}","difference":"${reason}"}\n`);
      count++;
      if (batch.length >= batchLength) seal();
    },
    commit: async (part) => {
      if (count === 0) return { count };
      seal();
      writer = await create();
      for (const bytes of batches) writer.write(bytes);
      const size = batches.reduce((sum, bytes) => sum + bytes.length, 0);
      const sha256 = hash.digest("hex");
      const object = differencesFragmentName(part, sha256);
      await writer.commit(object);
      return { count, fragment: { object, size, sha256 } };
    },
    flush: async () => writer?.flush(),
    [Symbol.asyncDispose]: async () => writer?.[Symbol.asyncDispose](),
  };
}
