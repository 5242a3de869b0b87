/** What packing works with. */
import type { ExportOptions } from "../../domain/export-options.ts";
import type { PackProgress } from "../../domain/pack-task.ts";
import type { ArchiveUpload } from "../../domain/ports/archive-uploads.ts";
import type { Clock } from "../../domain/ports/clock.ts";
import type { Destination } from "../../domain/ports/destination.ts";
import type { Format } from "../../domain/ports/format.ts";
import type { Source } from "../../domain/ports/source.ts";

export type Pace = (bytes: number, signal: AbortSignal) => Promise<void>;

export interface PackContext {
  readonly source: Source;
  readonly destination: Destination;
  readonly format: Format;
  readonly options: ExportOptions;
  readonly clock: Clock;
  /** A random id for what must have a name of its own. */
  readonly newId: () => string;
  /** Whether others may have worked on the export before: only then is there something to adopt. */
  readonly resumed: boolean;
  /** The upload that parts are sent into; absent where they are objects. */
  readonly upload?: ArchiveUpload | undefined;
  readonly openDestination: (location: string) => Promise<Destination>;
  readonly onProgress: (progress: PackProgress) => void;
  /** Told of bytes that were read; waits as long as it wants reading slowed. Absent where nothing is limited. */
  readonly pace?: Pace | undefined;
}
