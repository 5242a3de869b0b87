/** Exports of a real cluster show how far they are while their workers work, and tell in Events what became of them. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { pods } from "../../src/cluster/jobs/objects.ts";
import type { ExportStatus } from "../../src/domain/resources/export.ts";
import { expectExit } from "../fixtures/run.ts";
import { type ExportNamespace, fill, noExports, openExportNamespace } from "./export-namespace.ts";
import { reasonOf, statusOf } from "./exports.ts";
import { kubectl } from "./kubectl.ts";
import { slowExport } from "./slow-export.ts";

const { signal } = new AbortController();

describe("exports under way", { skip: noExports, timeout: 900_000 }, () => {
  let space: ExportNamespace;
  before(async () => {
    space = await openExportNamespace({ prefix: "a-reports", reports: true });
    fill(join(await space.volumes.add("source"), "data"), 300, 200_000);
    await space.volumes.add("out");
  });
  after(() => space?.[Symbol.asyncDispose]());

  /** Every status of the export until its end, and that of its end. */
  async function statuses(
    name: string,
  ): Promise<{ readonly seen: ExportStatus[]; readonly end: ExportStatus }> {
    const seen: ExportStatus[] = [];
    const found = await space.becomes(name, (now) => {
      if (now?.status !== undefined) seen.push(now.status);
      return now !== undefined && statusOf(now) !== "Unknown";
    });
    assert.equal(statusOf(found), "True", JSON.stringify(found?.status));
    return { seen, end: found?.status ?? assert.fail() };
  }

  const modes = { Sequential: {}, Indexed: { mode: "Indexed", count: 3 } };
  for (const [mode, workers] of Object.entries(modes))
    test(`${mode}: progress grows from nothing to everything, and never shrinks`, async () => {
      const name = mode.toLowerCase();
      const began = performance.now();
      await space.create(name, slowExport(workers));
      const { seen, end } = await statuses(name);
      const numbers = seen.flatMap(({ progress, parts }) =>
        progress && parts ? [{ ...progress, ...parts }] : [],
      );
      const between = numbers.filter(
        ({ succeeded, files, bytes }) =>
          succeeded > 0 &&
          succeeded < (end.parts?.total ?? 0) &&
          files > 0 &&
          files < 300 &&
          bytes < 60_000_000,
      );
      assert.ok(between.length > 0, JSON.stringify(numbers));
      for (const key of ["plannedParts", "plannedBytes", "files", "bytes", "succeeded"] as const) {
        const grown = numbers.map((one) => one[key]);
        assert.deepEqual(
          grown,
          grown.toSorted((a, b) => a - b),
          key,
        );
      }
      const shown = seen.map(({ display }) => display?.parts).filter((text) => text !== undefined);
      assert.ok(
        shown.some((text) => /^[1-9]\d*\/[1-9]\d*$/.test(text)),
        shown.join(),
      );
      assert.equal(end.progress, undefined);
      // One a second of how far it is, and those of its stages.
      const most = 10 + (performance.now() - began) / 1000;
      assert.ok(seen.length <= most, `${seen.length} statuses: one for each report would be too many`);
    });

  test("their pods have one token, for reports alone", async () => {
    const { items } = await space.cluster.api.list(pods, { namespace: space.name }, signal);
    assert.ok(items.length > 0);
    for (const item of items) {
      const { spec, metadata } = item as typeof item & {
        spec: { automountServiceAccountToken: boolean; volumes: { projected?: { sources: object[] } }[] };
      };
      assert.equal(spec.automountServiceAccountToken, false);
      const projected = spec.volumes.flatMap((volume) => volume.projected?.sources ?? []);
      const token = { audience: "longshore-report", expirationSeconds: 600, path: "token" };
      const isSilent = metadata.labels?.["longshore.dev/stage"] === "finalize";
      const expected = isSilent ? [] : [{ serviceAccountToken: token }];
      assert.deepEqual(projected, expected, JSON.stringify(metadata));
    }
  });

  test("describe tells what became of them", async () => {
    await space.create("refused", {
      ...slowExport(),
      source: { volume: { claimName: "missing" } },
    });
    await space.becomes("refused", (now) => reasonOf(now) === "Unschedulable");
    await space.patch("refused", { suspend: true });
    await space.becomes("refused", (now) => reasonOf(now) === "Suspended");
    await space.patch("refused", { suspend: false });
    await space.becomes("refused", (now) => reasonOf(now) === "Unschedulable");
    await space.patch("refused", { cancel: true });
    await space.ended("refused");
    await space.create("failed", {
      ...slowExport(),
      source: { volume: { claimName: "source", path: "none" } },
    });
    await space.ended("failed");
    const expected: Record<string, readonly RegExp[]> = {
      indexed: [
        /Normal +Planning .*the source is being walked/,
        /Normal +Packing .*\d+ parts of .* are planned/,
        /Normal +Succeeded .*all \d+ parts are proved/,
      ],
      refused: [
        /Warning +Unschedulable .*"missing" not found/,
        /Normal +Suspended/,
        /Normal +Resumed/,
        /Normal +Canceled/,
      ],
      failed: [/Warning +Failed .*SourceNotFound: /],
    };
    for (const [name, lines] of Object.entries(expected)) {
      const told = await described(name, lines);
      assert.ok(told.length <= 8, told.join("\n"));
      assert.equal(
        new Set(told.map((line) => line.replace(/^(\s*\w+\s+\w+\s+)\S+( \([^)]*\))?/, "$1"))).size,
        told.length,
      );
    }
  });

  /** The Events that kubectl shows, as soon as all of them are there: nothing waits for them to be written. */
  async function described(name: string, lines: readonly RegExp[]): Promise<readonly string[]> {
    const deadline = performance.now() + 30_000;
    for (;;) {
      const said = await kubectl(space.cluster, ["describe", "export", name, "-n", space.name]);
      const [, text = ""] = expectExit(said, 0)
        .stdout.toString()
        .split(/^Events:/m);
      if (lines.every((line) => line.test(text))) return text.trim().split("\n").slice(2);
      assert.ok(performance.now() < deadline, text);
    }
  }
});
