import assert from "node:assert/strict";
import { mkdtempSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileTime } from "./file-time.ts";

test("the microsecond is kept, whole seconds are exact", (t) => {
  const folder = mkdtempSync(join(tmpdir(), "time-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, "file");
  writeFileSync(file, "");
  const set = (time: bigint): bigint => {
    utimesSync(file, 0, fileTime(time));
    return statSync(file, { bigint: true }).mtimeNs;
  };
  for (const time of [0n, 1_700_000_000_000_000_000n, -1_000_000_000n, -86_400_000_000_000n])
    assert.equal(set(time), time);
  const micro = (time: bigint): bigint => (time - (((time % 1000n) + 1000n) % 1000n)) / 1000n;
  for (let i = 0n; i < 2000n; i++) {
    const time = 1_795_205_247_000_000_000n + i * 7_919_333n;
    assert.equal(micro(set(time)), micro(time));
  }
  for (const time of [-1n, -1_500n, -999_999_999n, -1_234_567_890_123_456_789n])
    assert.equal(micro(set(time)), micro(time));
});
