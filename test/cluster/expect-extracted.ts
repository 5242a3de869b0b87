/** What every export of a volume has to be in the end. */
import { expectExit, longshore, run, temporaryFolder } from "../fixtures/run.ts";

/** The export in `folder` verifies, and holds what the folder `source` does. */
export async function expectExtracted(folder: string, source: string): Promise<void> {
  expectExit(await longshore(["verify", folder]), 0);
  await using target = temporaryFolder();
  expectExit(await longshore(["extract", folder, target.join("x")]), 0);
  expectExit(await run("diff", ["-r", source, target.join("x")]), 0);
}
