/** Looks up which parts of an earlier export have which keys. */
import { pageTableName } from "../../domain/record-names.ts";
import { hasCode, LongshoreError } from "../../domain/errors.ts";
import { byteStringOfText } from "../../domain/byte-string.ts";
import type { Manifest, ManifestPart } from "../../domain/manifest.ts";
import { archiveObject } from "../../domain/part.ts";
import type { ReusablePart } from "../../domain/pack-task.ts";
import type { Destination } from "../../domain/ports/destination.ts";
import { parseDocument } from "../document.ts";
import { findExport } from "./found-export.ts";
import type { ExportWork } from "./export-call.ts";

export type FindReusable = (key: string) => ReusablePart | undefined;

/** Throws NotAnExport, NotFinished, Damaged where --previous can't serve. */
export async function reusableParts({ call, home }: ExportWork, signal: AbortSignal): Promise<FindReusable> {
  if (call.previous === undefined) return () => undefined;
  const previous = await home.drivers.openDestination(call.previous);
  const found = await findExport(previous, signal).catch(asNotAnExport(previous));
  if (found.kind === "none")
    throw new LongshoreError("NotAnExport", `${previous.location} (--previous) is no export`);
  if (found.kind !== "finished")
    throw new LongshoreError("NotFinished", `${previous.location} (--previous) is not finished`);
  // The key says nothing about digests of entries, which the index of this export may have to show.
  if (found.manifest.options.entryDigests !== call.options.entryDigests) return () => undefined;
  const { IndexPageTable } = await import("../../domain/manifest.ts");
  const bytes = await previous.get(pageTableName, signal);
  if (bytes === undefined)
    throw new LongshoreError("Damaged", `${pageTableName} is missing in ${previous.location}`);
  const table = parseDocument(IndexPageTable, bytes, `${pageTableName} in ${previous.location}`);
  const places = new Map(table.parts.map((part) => [part.number, part]));
  const byKey = new Map<string, ReusablePart>();
  for (const part of found.manifest.parts) {
    const place = places.get(part.number);
    if (part.tail || place === undefined) continue;
    const { number, key } = part;
    const stored = storedAt(found.manifest, part);
    const { offset: indexOffset, size: indexSize } = place;
    byKey.set(key, { location: previous.location, number, stored, indexOffset, indexSize });
  }
  return (key) => byKey.get(key);
}

function storedAt({ run }: Manifest, { object, offset = 0 }: ManifestPart): ReusablePart["stored"] {
  const name = object === archiveObject ? (run.archive?.object ?? "") : object;
  return { object: byteStringOfText(name), offset };
}

function asNotAnExport(previous: Destination): (error: unknown) => never {
  return (error) => {
    if (!hasCode(error, "LocationOccupied")) throw error;
    throw new LongshoreError("NotAnExport", `${previous.location} (--previous) is no export`, {
      cause: error,
    });
  };
}
