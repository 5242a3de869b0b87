/** Hashes the parts of an archive; of a damaged one, finds which frames and which entries are lost. */
import { indexName } from "../../domain/record-names.ts";
import { byteStringOfText } from "../../domain/byte-string.ts";
import type { ManifestPart } from "../../domain/manifest.ts";
import { openContent } from "../reading/content.ts";
import { FrameCache } from "../reading/frame-cache.ts";
import { findEntry, type IndexedEntry, linesOfPart, type WholeEntry } from "../reading/index-lines.ts";
import type { Index } from "../reading/index-pages.ts";
import type { ReadingStoredFormat, ReadingStreamFormat } from "../reading/open-export.ts";
import { checkObject, fewAtATime } from "./hash-object.ts";
import type { Problem } from "./report.ts";
import { guarded, type Verification } from "./verification.ts";

export interface PartLayout {
  readonly format: ReadingStreamFormat | ReadingStoredFormat;
  /** Undefined where it is damaged itself: then entries can't be named. */
  readonly index: Index | undefined;
}

export async function checkParts(
  verification: Verification,
  layout: PartLayout,
  signal: AbortSignal,
): Promise<void> {
  const { opened, log, onBytes } = verification;
  const bad: { part: ManifestPart; problem: Problem }[] = [];
  await fewAtATime(
    opened.manifest.parts,
    async (part) => {
      const object = byteStringOfText(part.object);
      const problem = await checkObject(
        opened.destination,
        { object, size: part.size, sha256: part.sha256 },
        onBytes,
        signal,
      );
      if (problem !== undefined) bad.push({ part, problem: { ...problem, part: part.number } });
    },
    signal,
  );
  bad.sort((a, b) => a.part.number - b.part.number);
  for (const { part, problem } of bad) {
    log.add(problem);
    if (part.tail) continue;
    if (problem.kind !== "missing" && layout.format.offsets === "stream")
      await nameFrames(verification, { part, format: layout.format }, signal);
    const { index } = layout;
    if (index !== undefined)
      await guarded(indexName, log, () =>
        nameEntries(verification, { part, index, format: layout.format }, signal),
      );
  }
}

async function nameFrames(
  { opened, log }: Verification,
  { part, format }: { part: ManifestPart; format: ReadingStreamFormat },
  signal: AbortSignal,
): Promise<void> {
  const frames = new FrameCache(opened, format);
  const table = await frames.table(part.number, signal);
  if ("message" in table) return;
  for (const [number, frame] of table.entries()) {
    const decoded = await frames.decode(part.number, number, frame, signal);
    if (decoded instanceof Uint8Array) continue;
    log.add({
      kind: "frame",
      object: part.object,
      part: part.number,
      frame: number,
      message: decoded.message,
    });
  }
}

async function nameEntries(
  { opened, log }: Verification,
  { part, index, format }: { part: ManifestPart; index: Index; format: PartLayout["format"] },
  signal: AbortSignal,
): Promise<void> {
  const content = openContent(opened, format);
  for await (const lines of linesOfPart(index, part.number, signal)) {
    for (const line of lines) {
      if (line.entry.type !== "file" || line.entry.size === 0) continue;
      const whole =
        format.offsets === "stream" ? asWhole(line) : await findEntry(index, line.entry.path, signal);
      const damage = whole === undefined ? undefined : await content.copy(whole, ignore, signal);
      if (damage === undefined) continue;
      const frame = damage.frame === undefined ? undefined : { frame: damage.frame };
      const { path: entry } = line.entry;
      log.add({
        kind: "entry",
        object: part.object,
        part: part.number,
        entry,
        ...frame,
        message: damage.message,
      });
    }
  }
}

/** One piece of a file as if it were all: the other pieces lie in other parts. */
function asWhole(line: IndexedEntry): WholeEntry {
  const { piece, ...entry } = line.entry;
  const alone = piece === undefined ? entry : { ...entry, size: piece.length };
  return { entry: alone, pieces: [{ part: line.part, entry: alone }] };
}

const ignore = (): void => {};
