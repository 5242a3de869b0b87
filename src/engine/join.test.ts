import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { smallExport } from "../../test/fixtures/small-export.ts";
import { archiveName, joinTo, joinToFile } from "./join.ts";
import { openExport, type OpenExport } from "./reading/open-export.ts";

const { signal } = new AbortController();

async function sample(
  t: TestContext,
): Promise<{ opened: OpenExport; joined: Buffer; folder: string; objects: Map<string, Uint8Array> }> {
  const folder = mkdtempSync(join(tmpdir(), "join-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const destination = await smallExport([
    [{ path: "a", content: "a".repeat(200) }],
    [{ path: "b", content: "b" }],
  ]);
  const { objects } = destination;
  const joined = Buffer.concat(
    [0, 1, 2].map((number) => objects.get(`parts/0000000${number}.tar.zst`) ?? new Uint8Array(0)),
  );
  return { opened: await openExport(destination, signal), joined, folder, objects };
}

test("the parts in order, once", async (t) => {
  const { opened, joined, folder } = await sample(t);
  const file = join(folder, "x".repeat(255));
  assert.deepEqual(await joinToFile({ opened }, file, signal), {
    size: joined.length,
    kept: 0,
    alreadyThere: false,
  });
  assert.deepEqual(readFileSync(file), joined);
  assert.equal((await joinToFile({ opened }, file, signal)).alreadyThere, true);
  assert.deepEqual(readdirSync(folder), ["x".repeat(255)]);
  writeFileSync(file, "other");
  await assert.rejects(joinToFile({ opened }, file, signal), { code: "TargetExists" });
});

test("goes on from the parts that are whole", async (t) => {
  const { opened, joined, folder } = await sample(t);
  const file = join(folder, "file");
  const first = opened.manifest.parts[0]?.size ?? 0;
  for (const [left, kept] of [
    [joined.subarray(0, first + 3), first],
    [Buffer.from("junk"), 0],
    [Buffer.concat([joined, joined]), joined.length],
  ] as const) {
    writeFileSync(`${file}.partial`, left);
    assert.equal((await joinToFile({ opened }, file, signal)).kept, kept);
    assert.deepEqual(readFileSync(file), joined);
    rmSync(file);
  }
});

test("a damaged part is never given out as whole", async (t) => {
  const { opened, folder, objects } = await sample(t);
  const bytes = objects.get("parts/00000001.tar.zst");
  if (bytes !== undefined) bytes[0] = 0;
  await assert.rejects(joinToFile({ opened }, join(folder, "file"), signal), {
    code: "Damaged",
    message: /part 1/,
  });
  assert.equal(existsSync(join(folder, "file")), false);
  await assert.rejects(
    joinTo({ opened }, async () => undefined, signal),
    { code: "Damaged" },
  );
});

test("the name of an archive is no path", async (t) => {
  const { opened } = await sample(t);
  const named = (name: string): string =>
    archiveName(
      { ...opened, manifest: { ...opened.manifest, run: { ...opened.manifest.run, name } } },
      "tar",
    );
  assert.deepEqual(["x", "../x", "..", "", "a/b"].map(named), [
    "x.tar",
    "export.tar",
    "export.tar",
    "export.tar",
    "export.tar",
  ]);
});
