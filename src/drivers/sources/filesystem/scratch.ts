/** The folder for what does not fit in memory: made when it is needed, for nobody else to read, and removed after the walk. */
import { mkdirSync, rmSync } from "node:fs";
import { LongshoreError } from "../../../domain/errors.ts";

/** Its parent must be there. Throws ScratchFailed. */
export function makeScratch(folder: string): void {
  inScratch(folder, () => {
    try {
      mkdirSync(folder, { mode: 0o700 });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
  });
}

export function removeScratch(folder: string): void {
  rmSync(folder, { recursive: true, force: true });
}

/** What goes wrong with scratch is no difference of the source: without it entries would be left out. */
export function inScratch<T>(folder: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    const { code = "unknown" } = error as NodeJS.ErrnoException;
    throw new LongshoreError("ScratchFailed", `the scratch folder ${folder} failed with ${code}`, {
      cause: error,
    });
  }
}
