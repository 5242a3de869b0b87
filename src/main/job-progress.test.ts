import assert from "node:assert/strict";
import { test } from "node:test";
import { exportInMemory } from "../../test/fixtures/export-in-memory.ts";
import { madeUpSource } from "../../test/fixtures/made-up-source.ts";
import { MemoryDestination } from "../../test/fixtures/memory-destination.ts";
import { mixedBytes } from "../../test/fixtures/mixed-bytes.ts";
import { optionsOf } from "../../test/fixtures/packing.ts";
import { formatNames } from "../domain/export-options.ts";
import { runExport } from "../engine/exporting/run-export.ts";
import { planExport } from "../engine/exporting/stages.ts";
import { followProgress } from "./job-progress.ts";

const { signal } = new AbortController();
const source = madeUpSource(
  Array.from({ length: 40 }, (_, i) => ({ path: `small/${i}`, content: mixedBytes(2000, String(i)) })),
);

for (const format of formatNames)
  for (const way of ["at once", "planned before"] as const)
    test(`the numbers at the end are the export's own: ${format}, ${way}`, async () => {
      const { call, home } = exportInMemory(source, new MemoryDestination(), {
        options: optionsOf({ format, partSize: 16_384 }),
      });
      if (way === "planned before") await planExport(call, home, signal);
      const seen: string[] = [];
      const onEvent = followProgress({
        notice: () => undefined,
        progress: ({ parts, progress }) => {
          if (progress.planned) seen.push(`${parts.succeeded}/${progress.plannedParts}`);
          assert.ok(parts.succeeded <= progress.plannedParts);
        },
      });
      const { manifest } = await runExport(call, { ...home, onEvent }, signal);
      const total = manifest.parts.length;
      assert.ok(total > 3);
      assert.equal(seen.at(-1), `${total}/${total}`);
      assert.ok(
        seen.every((text) => text.endsWith(`/${total}`)),
        seen.join(),
      );
    });
