/** The folder in which everything happens, so that removing one folder leaves nothing behind. */
import { mkdir, mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { runScript } from "./children.ts";

export interface WorkFolder {
  /** Made data; survives when kept. */
  readonly data: string;
  /** What the tools write; never survives. */
  readonly results: string;
  /** Waits until it is gone, even after an interruption: that is the point of it. A second call does nothing. */
  readonly remove: () => Promise<void>;
}

/** Never removes a folder that the caller named, only one inside it that is ours. */
export async function openWorkFolder(dir: string | undefined, keep: boolean): Promise<WorkFolder> {
  const parent = resolve(dir ?? tmpdir());
  await mkdir(parent, { recursive: true });
  const root = keep ? join(parent, "longshore-bench") : await mkdtemp(join(parent, "longshore-bench-"));
  const data = join(root, "data");
  const results = join(root, "results");
  await mkdir(data, { recursive: true });
  await removeTree(results);
  await mkdir(results);
  return {
    data,
    results,
    async remove() {
      await removeTree(keep ? results : root);
    },
  };
}

/** By `rm`, which is several times faster than Node on a million files; takes no signal since it is what an abort waits for. */
export async function removeTree(path: string): Promise<void> {
  await runScript({ script: 'rm -rf "$TREE"', env: { TREE: path } }, new AbortController().signal);
}
