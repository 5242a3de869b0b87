/** What workers that pack are told, and what they say. */
import type { ExportOptions } from "./export-options.ts";
import type { PlannedPart } from "./part.ts";
import type { ArchiveUpload } from "./ports/archive-uploads.ts";
import type { Ways } from "./ports/places.ts";

/** All that a worker is told about the export; with a task and a destination it needs nothing else. */
export interface PackJob {
  readonly source: string;
  readonly destination: string;
  readonly options: ExportOptions;
  /** Whether others may have worked on the export before: only then is there something to adopt. */
  readonly resumed: boolean;
  /** The upload that parts are sent into; absent where they are objects. */
  readonly upload?: ArchiveUpload | undefined;
  /** What threads of one process share to keep to a limit of bytes per second; absent where there is none. */
  readonly byteRate?: SharedArrayBuffer | undefined;
  /** A folder for what does not fit in memory; it need not exist. */
  readonly scratch?: string | undefined;
  /** How the places of the export are reached, where their locations do not say all of it. */
  readonly ways?: Ways | undefined;
}

/** One part to make safe. */
export interface PackTask {
  readonly part: PlannedPart;
  readonly reuse?: ReusablePart;
}

/** A part of an earlier export with an equal key, and where its index lines lie there. */
export interface ReusablePart {
  readonly location: string;
  readonly number: number;
  /** Where its stored bytes are there: an object (byte string), or a piece of the archive that is one object. */
  readonly stored: { readonly object: string; readonly offset: number };
  readonly indexOffset: number;
  readonly indexSize: number;
}

/** How a part came to be safe. */
export interface PackOutcome {
  readonly number: number;
  readonly size: number;
  readonly differences: number;
  readonly way: "kept" | "adopted" | "reused" | "packed";
}

/** Bytes of content and entries done since the last report. */
export interface PackProgress {
  readonly bytes: number;
  readonly files: number;
}
