import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type MadeUpEntry, madeUpSource } from "../../../test/fixtures/made-up-source.ts";
import { MemoryDestination } from "../../../test/fixtures/memory-destination.ts";
import { mixedBytes } from "../../../test/fixtures/mixed-bytes.ts";
import { contextOf, packPart, plan } from "../../../test/fixtures/packing.ts";

const entries: readonly MadeUpEntry[] = [
  { path: "a", content: mixedBytes(1000, "a") },
  { path: "b", content: mixedBytes(9 * 2 ** 20, "b") },
  { path: "c", content: mixedBytes(300_000, "c") },
  { path: "d/" },
];
const total = 1000 + 9 * 2 ** 20 + 300_000;

describe("what is read is told to whoever sets the pace, every byte once", () => {
  for (const format of ["tar", "tar.gz", "tar.zst", "zip", "files"] as const)
    for (const slow of [false, true])
      test(`of ${format}, from a source that answers ${slow ? "with promises" : "at once"}`, async () => {
        const source = madeUpSource(entries, slow);
        const destination = new MemoryDestination();
        const { parts } = await plan(source, destination, { format, partSize: 2 ** 26, entryDigests: slow });
        const paced: number[] = [];
        const context = {
          ...contextOf(source, destination, { format, partSize: 2 ** 26, entryDigests: slow }),
          pace: async (bytes: number) => void paced.push(bytes),
        };
        for (const part of parts) await packPart(context, { part });
        assert.equal(
          paced.reduce((sum, bytes) => sum + bytes, 0),
          total,
        );
        assert.ok(paced.length > 2, "a large file is paced on its way");
      });
});

test("whoever sets the pace can end the packing", async () => {
  const source = madeUpSource(entries);
  const destination = new MemoryDestination();
  const { parts } = await plan(source, destination);
  const context = {
    ...contextOf(source, destination),
    pace: async () => {
      throw new Error("enough");
    },
  };
  const [part = assert.fail()] = parts;
  await assert.rejects(packPart(context, { part }), { message: "enough" });
});
