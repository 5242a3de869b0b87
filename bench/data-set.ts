/** A tree of made data and the record that says it is complete, so that kept data are used again and half-made data never. */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { removeTree } from "./work-folder.ts";

export interface DataSet {
  readonly path: string;
  readonly title: string;
  readonly files: number;
  /** Without the root, which is no entry of an export. */
  readonly folders: number;
  readonly bytes: number;
}

export interface Recipe extends Omit<DataSet, "path"> {
  readonly name: string;
  readonly make: (path: string, signal: AbortSignal) => Promise<void>;
}

/** Raised whenever the bytes that a recipe makes change. */
const DATA_VERSION = 1;

/** Makes the tree, or finds it complete from an earlier run. A second call is cheap; an aborted one leaves no record. */
export async function prepareDataSet(folder: string, recipe: Recipe, signal: AbortSignal): Promise<DataSet> {
  const { name, title, files, folders, bytes } = recipe;
  const path = join(folder, name);
  const recordFile = join(folder, `${name}.json`);
  const record = JSON.stringify({ version: DATA_VERSION, files, folders, bytes });
  if ((await readFile(recordFile, "utf8").catch(() => "")) !== record) {
    await removeTree(recordFile);
    await removeTree(path);
    await mkdir(path);
    await recipe.make(path, signal);
    await writeFile(recordFile, record);
  }
  return { path, title, files, folders, bytes };
}

/** Lets signals and timers in between synchronous writes, which are several times faster than asynchronous ones on small files. */
export async function breathe(signal: AbortSignal): Promise<void> {
  await setImmediate();
  signal.throwIfAborted();
}
