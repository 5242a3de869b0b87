/** The runner's folder for what does not fit in memory; for nobody else to read, since names of what is exported go there. */
import { mkdir, rm } from "node:fs/promises";
import { LongshoreError } from "../../domain/errors.ts";

/** Throws ScratchFailed. */
export async function makeScratch(folder: string): Promise<void> {
  await removeScratch(folder);
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
  } catch (cause) {
    throw new LongshoreError("ScratchFailed", `the scratch folder ${folder} can't be made`, { cause });
  }
}

/** None is no error. Throws ScratchFailed. */
export async function removeScratch(folder: string): Promise<void> {
  try {
    await rm(folder, { recursive: true, force: true });
  } catch (cause) {
    throw new LongshoreError("ScratchFailed", `the scratch folder ${folder} can't be removed`, { cause });
  }
}
