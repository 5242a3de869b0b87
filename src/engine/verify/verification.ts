/** What the steps of a verification share. */
import { hasCode } from "../../domain/errors.ts";
import type { OpenExport } from "../reading/open-export.ts";
import type { ProblemLog } from "./report.ts";

export interface Verification {
  readonly opened: OpenExport;
  readonly log: ProblemLog;
  readonly onBytes: (length: number) => void;
}

/** A document that can't be read is a problem, and what depends on it is left out. */
export async function guarded<T>(
  object: string,
  log: ProblemLog,
  step: () => Promise<T>,
): Promise<T | undefined> {
  try {
    return await step();
  } catch (error) {
    if (!hasCode(error, "Damaged")) throw error;
    log.add({ kind: "document", object, message: error.message });
    return undefined;
  }
}
