/** Packs one damaged part again, aside, and takes from that only what proves to be the same as before. */
import { displayName } from "../../domain/byte-string.ts";
import { LongshoreError } from "../../domain/errors.ts";
import type { ManifestPart } from "../../domain/manifest.ts";
import { filesFolder, type PlannedPart, receiptName } from "../../domain/part.ts";
import type { Destination } from "../../domain/ports/destination.ts";
import type { Receipt } from "../../domain/receipt.ts";
import type { ExportWork } from "../exporting/export-call.ts";
import { parseIndexLine } from "../../domain/plan-line.ts";
import { readLines } from "../lines.ts";
import { holdsObject } from "../packing/holds-object.ts";
import { receiptBytes } from "../receipts.ts";
import { packAside } from "./pack-aside.ts";
import type { PartState } from "./soundness.ts";

export interface DamagedPart {
  readonly planned: PlannedPart;
  /** What the manifest says it was. */
  readonly recorded: Pick<ManifestPart, "object" | "size" | "sha256" | "files">;
  readonly state: PartState;
  /** Byte strings: what is known to be lost. */
  readonly entries: readonly string[];
}

/** Says whether the receipt is another now. Throws SourceChanged, naming the entries, where the source has no longer what the part held. */
export async function mendPart(
  work: ExportWork,
  damaged: DamagedPart,
  signal: AbortSignal,
): Promise<boolean> {
  const { destination } = work;
  const { planned, recorded, state } = damaged;
  const { scratch, made } = await packAside(work, planned, signal);
  const isSame = made.sha256 === recorded.sha256;
  if (!isSame && !hasSameContent(made, state.receipt)) throw changed(work, damaged);
  const mending = { work, damaged, made, take: taking(work, scratch, signal), scratch };
  await takeStored(mending, signal);
  if (!state.fragments) await takeFragments(mending);
  if (state.receipt !== undefined && isSame) return false;
  await destination.put(receiptName(planned.number), receiptBytes(made), signal);
  return true;
}

/** Another codec makes other bytes of the same content; the index lines, sums included, are then the same. */
export function hasSameContent(made: Receipt, recorded: Receipt | undefined): boolean {
  return (
    recorded !== undefined &&
    made.index.fragment.sha256 === recorded.index.fragment.sha256 &&
    made.differences.count === recorded.differences.count
  );
}

type Take = (object: string) => Promise<void>;

/** Puts what was made aside in its place. */
export function taking({ destination }: ExportWork, scratch: Destination, signal: AbortSignal): Take {
  return async (object) => {
    await destination.remove(object, signal);
    await destination.copyFrom?.(scratch, object, object, signal);
  };
}

interface Mending {
  readonly work: ExportWork;
  readonly damaged: DamagedPart;
  readonly made: Receipt;
  readonly take: Take;
  readonly scratch: Destination;
}

async function takeStored(mending: Mending, signal: AbortSignal): Promise<void> {
  const { work, damaged, made, take } = mending;
  const { recorded } = damaged;
  if (recorded.object === filesFolder) {
    await takeFiles(mending, signal);
  } else if (made.object !== recorded.object) {
    await work.destination.remove(recorded.object, signal);
    await take(made.object);
  } else if (!(await holdsObject(work.destination, recorded, signal))) {
    await take(recorded.object);
  }
}

/** Takes every file of the part that is not what the index says; what the index says must be what was made again. */
async function takeFiles({ work, made, take, scratch }: Mending, signal: AbortSignal): Promise<void> {
  const { object, size } = made.index.fragment;
  for await (const lines of readLines(
    scratch.read(object, { offset: 0, length: size }, signal),
    object,
    signal,
  )) {
    for (const line of lines) {
      const { path, placement } = parseIndexLine(line);
      if (placement.sha256 === undefined) continue;
      const file = { object: `files/${path}`, size: placement.size ?? 0, sha256: placement.sha256 };
      if (!(await holdsObject(work.destination, file, signal))) await take(file.object);
    }
  }
}

export async function takeFragments({ work, damaged, made, take }: Mending): Promise<void> {
  const { receipt } = damaged.state;
  if (receipt !== undefined && made.index.fragment.sha256 !== receipt.index.fragment.sha256)
    throw changed(work, damaged);
  await take(made.index.fragment.object);
  if (made.differences.fragment !== undefined) await take(made.differences.fragment.object);
}

const mostNamed = 5;

export function changed(
  { source, destination }: ExportWork,
  { recorded, planned, entries }: DamagedPart,
): LongshoreError {
  const named = entries.slice(0, mostNamed).map(displayName).join(", ");
  const more = entries.length > mostNamed ? ` and ${entries.length - mostNamed} more` : "";
  const lost = named === "" ? `of its ${recorded.files} files` : `lost are ${named}${more}`;
  return new LongshoreError(
    "SourceChanged",
    `part ${planned.number} of ${destination.location} is damaged (${lost}) and ${source.location} has no longer the same data`,
  );
}
