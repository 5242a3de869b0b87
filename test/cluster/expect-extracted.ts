/** What every export of a volume has to be in the end. */
import { expectExit, longshore, run, temporaryFolder } from "../fixtures/run.ts";

/** The export at `location` verifies, and holds what the folder `source` does; `env` has the credentials of its bucket. */
export async function expectExtracted(
  location: string,
  source: string,
  env: Readonly<Record<string, string>> = {},
): Promise<void> {
  expectExit(await longshore(["verify", location], { env }), 0);
  await using target = temporaryFolder();
  expectExit(await longshore(["extract", location, target.join("x")], { env }), 0);
  expectExit(await run("diff", ["-r", source, target.join("x")]), 0);
}
