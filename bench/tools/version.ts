/** How a tool is asked whether it is there. */
import { BenchError } from "../bench-error.ts";
import { runScript } from "../children.ts";
import type { Command } from "../children.ts";

/** The first line the script prints; undefined when it fails, which for a peer is taken as "not installed". */
export async function firstLine(
  script: string,
  signal: AbortSignal,
  env: Command["env"] = {},
): Promise<string | undefined> {
  try {
    const [line = ""] = (await runScript({ script, env }, signal)).split("\n");
    return line.trim();
  } catch (error) {
    if (error instanceof BenchError) return undefined;
    throw error;
  }
}
