/** What is known of an export when it is decided what to do next. */
import type { JobObservation } from "../domain/ports/job-runner.ts";
import type { Export, ExportDestination } from "../domain/resources/resource.ts";

export interface ExportFacts {
  readonly resource: Export;
  /** The ExportDestination that it names, if there is one. */
  readonly destination: ExportDestination | undefined;
  /** The Export that it names as `previous`, if there is one. */
  readonly previous: Export | undefined;
  /** What the runner knows of its attempt. */
  readonly job: JobObservation | undefined;
  /** Milliseconds since 1970. */
  readonly now: number;
  /** When this process last wrote the status. */
  readonly statusWrittenAt?: number | undefined;
  /** Milliseconds between two statuses that tell of progress alone; a second unless said. */
  readonly progressInterval?: number | undefined;
  /** When data that could not be removed may be tried again. */
  readonly removalNotBefore?: number | undefined;
}
