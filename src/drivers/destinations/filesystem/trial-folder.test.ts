import assert from "node:assert/strict";
import { chmodSync, existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { describe, test } from "node:test";
import { asNobody } from "../../../../test/fixtures/as-nobody.ts";
import { temporaryFolder } from "../../../../test/fixtures/run.ts";
import { trialFolder } from "./trial-folder.ts";

describe("a folder to try a place with", () => {
  test("is made with what is missing above it, and goes with that again", async () => {
    await using work = temporaryFolder();
    mkdirSync(work.join("there"));
    const folder = trialFolder(work.join("there/new/deep"), "try");
    folder.make();
    assert.ok(existsSync(work.join("there/new/deep/try")));
    await folder.remove(async () => undefined);
    assert.deepEqual(readdirSync(work.join("there")), []);
  });

  test("that can't be emptied stays, and says why", async () => {
    await using work = temporaryFolder();
    const folder = trialFolder(work.path, "try");
    folder.make();
    writeFileSync(work.join("try/a"), "x");
    await assert.rejects(
      folder.remove(async () => undefined),
      { code: "ENOTEMPTY" },
    );
    assert.ok(existsSync(work.join("try/a")));
  });

  test(
    "is refused at once where the file system takes no new names, as /proc does",
    { timeout: 10_000 },
    () => {
      assert.throws(() => trialFolder("/proc/none", "try").make(), { code: "DestinationGone" });
    },
  );

  test("that can't be made leaves nothing of what is above it", async () => {
    await using work = temporaryFolder();
    chmodSync(work.path, 0o755);
    await asNobody(() => {
      assert.throws(() => trialFolder(work.join("new"), "try").make(), { code: "DestinationDenied" });
    });
    assert.deepEqual(readdirSync(work.path), []);
  });
});
