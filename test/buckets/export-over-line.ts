/** What tests of bad lines have: a source, its export that nothing disturbed, and the command for another. */
import { mkdirSync, writeFileSync } from "node:fs";
import { freshPrefix } from "../fixtures/buckets.ts";
import { exportTree } from "../fixtures/exports.ts";
import { mixedBytes } from "../fixtures/mixed-bytes.ts";
import { temporaryFolder } from "../fixtures/run.ts";
import { type MadeExport, madeExport, type RunningStore, type StoreKind } from "./stores.ts";

export interface ExportOverLine extends AsyncDisposable {
  readonly store: RunningStore;
  readonly source: string;
  /** Where the undisturbed one lies, in `x` below it. */
  readonly prefix: string;
  readonly undisturbed: MadeExport;
  /** What follows the word export. */
  readonly argsFor: (location: string) => string[];
}

/** Small files, and a big one of so many mebibytes. */
export async function exportOverLine(kind: StoreKind, bigFile: number): Promise<ExportOverLine> {
  const folder = temporaryFolder();
  const source = folder.join("source");
  mkdirSync(source);
  writeFileSync(`${source}/big`, mixedBytes(bigFile * 2 ** 20, "big"));
  for (let i = 0; i < 60; i++) writeFileSync(`${source}/${i}`, mixedBytes(i * 3000, `${i}`));
  const argsFor = (location: string): string[] => [
    source,
    location,
    ..."--name x --part-size 8Mi --workers 2".split(" "),
  ];
  const store = await kind.start();
  const prefix = freshPrefix();
  await exportTree(argsFor(store.location(prefix)), [0], { env: store.env() });
  return {
    store,
    source,
    prefix,
    undisturbed: await madeExport(store, `${prefix}/x`),
    argsFor,
    [Symbol.asyncDispose]: async () => {
      await store[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
}
