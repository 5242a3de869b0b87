import assert from "node:assert/strict";
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { ArchiveState, readState, SingleState, writeState } from "./state-file.ts";

const state: ArchiveState = {
  formatVersion: 1,
  kind: "archive",
  manifest: "b".repeat(64),
  size: 25,
  done: [0, 2],
  running: [{ part: 1, bytes: 6 }],
  stamp: { size: 18, mtime: "1767323045000000001" },
};

function temporary(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "state-"));
  t.after(() => rmSync(folder, { recursive: true }));
  return join(folder, "file.partial.json");
}

test("is read as it was written, for its owner alone", async (t) => {
  const file = temporary(t);
  writeFileSync(`${file}.new`, "left by a kill", { mode: 0o666 });
  await writeState(file, state);
  await writeState(file, { ...state, done: [] });
  await writeState(file, state);
  assert.deepEqual(await readState(file, ArchiveState), state);
  assert.equal(statSync(file).mode & 0o777, 0o600);
  assert.deepEqual(readdirSync(join(file, "..")), ["file.partial.json"]);
  assert.equal(await readState(file, SingleState), undefined);
});

test("whatever else lies there says nothing", async (t) => {
  const file = temporary(t);
  assert.equal(await readState(file, ArchiveState), undefined);
  const text = JSON.stringify(state);
  const wrong = [
    "",
    text.slice(0, -5),
    "null",
    text.replace('"formatVersion":1', '"formatVersion":2'),
    text.replace("25", "-1"),
    text.replace("25", "1e400"),
  ];
  for (const content of wrong) {
    writeFileSync(file, content, { mode: 0o600 });
    assert.equal(await readState(file, ArchiveState), undefined, content);
  }
  writeFileSync(file, text);
  assert.deepEqual(await readState(file, ArchiveState), state);
  // Somebody else may have written it.
  chmodSync(file, 0o666);
  assert.equal(await readState(file, ArchiveState), undefined);
  rmSync(file);
  writeFileSync(`${file}.real`, text, { mode: 0o600 });
  symlinkSync(`${file}.real`, file);
  assert.equal(await readState(file, ArchiveState), undefined);
  rmSync(file);
  mkdirSync(file, { mode: 0o700 });
  assert.equal(await readState(file, ArchiveState), undefined);
});
