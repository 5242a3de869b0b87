/** The folder for what does not fit in memory: made when it is needed, for nobody else to read, and removed after the walk. */
import { mkdirSync, rmSync } from "node:fs";

/** Its parent must be there. */
export function makeScratch(folder: string): void {
  try {
    mkdirSync(folder, { mode: 0o700 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
}

export function removeScratch(folder: string): void {
  rmSync(folder, { recursive: true, force: true });
}
