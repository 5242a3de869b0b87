/** `longshore worker` as a Job's pod runs it: a job in the environment, mounted folders, last words in a file, exit codes. */
import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { describe, test } from "node:test";
import { parseMessage, type WorkerMessage } from "../../src/cluster/jobs/worker-message.ts";
import { type Stage, taskEnvironment, type WorkerTask } from "../../src/cluster/jobs/worker-task.ts";
import { wayIntoMount } from "../../src/domain/mount-way.ts";
import { tailParts } from "../../src/domain/part.ts";
import { Plan } from "../../src/domain/plan.ts";
import { mixedBytes } from "../fixtures/mixed-bytes.ts";
import { optionsOf } from "../fixtures/packing.ts";
import { expectExit, longshore, longshoreProgram, start, temporaryFolder, until } from "../fixtures/run.ts";

const location = "pvc://team/out/exports/team/reports";

/** A source of 40 files, mounted like the folder that exports go to. */
function workshop(fileSize = 10_000) {
  const folder = temporaryFolder();
  for (const name of ["source", "source/data", "out", "scratch"]) mkdirSync(folder.join(name));
  for (let i = 0; i < 40; i++) writeFileSync(folder.join(`source/data/${i}`), mixedBytes(fileSize, `${i}`));
  const termination = folder.join("termination-log");
  const ways = {
    [location]: wayIntoMount(folder.join("out"), "exports/team/reports"),
    "pvc://team/source/data": wayIntoMount(folder.join("source"), "data"),
    "pvc://team/source/nope": wayIntoMount(folder.join("source"), "nope"),
    "pvc://team/source/evil": wayIntoMount(folder.join("source"), "evil"),
  };
  const task = (source = "pvc://team/source/data", level = 1): WorkerTask => ({
    kind: "export",
    job: {
      exportUid: "uid-1",
      attempt: 0,
      namespace: "team",
      name: "reports",
      source,
      location,
      options: { ...optionsOf({ partSize: 65_536, level }), include: [], exclude: [] },
      workers: 2,
      ways,
    },
  });
  const environment = (given: WorkerTask): Record<string, string> => ({
    ...Object.fromEntries(taskEnvironment(given).map(({ name, value }) => [name, value])),
    TMPDIR: folder.join("scratch"),
  });
  const words = (stage: Stage): string[] => ["worker", "--stage", stage, "--termination-log", termination];
  const lastWords = (): WorkerMessage | undefined => parseMessage(readFileSync(termination, "utf8"));
  return {
    folder,
    exported: folder.join("out/exports/team/reports"),
    task,
    cleanup: (owner: string): WorkerTask => ({ kind: "cleanup", place: { location, owner, ways } }),
    lastWords,
    run: async (stage: Stage, given: WorkerTask, index?: number) => {
      writeFileSync(termination, "");
      const env = { ...environment(given), ...(index !== undefined && { JOB_COMPLETION_INDEX: `${index}` }) };
      const { code, stderr } = await longshore(words(stage), { env });
      return { code, said: lastWords() ?? assert.fail(stderr), log: stderr };
    },
    start: (stage: Stage, given: WorkerTask) => {
      writeFileSync(termination, "");
      return start(longshoreProgram, words(stage), { env: environment(given) });
    },
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  };
}

describe("a worker", () => {
  test("does everything in one stage, and says the result", async () => {
    await using shop = workshop();
    const { code, said, log } = await shop.run("all", shop.task());
    assert.equal(code, 0, log);
    assert.equal(said.result?.files, 40);
    assert.match(said.result.manifestDigest, /^[0-9a-f]{64}$/);
    for (const line of log.trim().split("\n")) assert.doesNotThrow(() => JSON.parse(line) as unknown);
    expectExit(await longshore(["verify", shop.exported]), 0);
    const again = await shop.run("all", shop.task());
    assert.deepEqual(again.said.result?.manifestDigest, said.result.manifestDigest);
  });

  test("plans, packs its share and finalizes as workers of their own; records have the claim, not the mount", async () => {
    await using shop = workshop();
    const planned = (await shop.run("plan", shop.task())).said.planned;
    assert.equal(planned?.files, 40);
    const plan = Plan.parse(JSON.parse(readFileSync(`${shop.exported}/plan.json`, "utf8")));
    assert.equal(plan.request.source, "pvc://team/source/data");
    assert.equal(plan.request.owner, "uid-1");
    const shares = [await shop.run("pack", shop.task(), 0), await shop.run("pack", shop.task(), 1)];
    const parts = shares.map(({ said }) => said.packed?.parts ?? 0);
    assert.ok(parts.every((count) => count > 0));
    assert.equal(parts[0]! + parts[1]! + tailParts("tar.zst"), planned.parts);
    const { said } = await shop.run("finalize", shop.task());
    assert.equal(said.result?.bytes.redone, 0);
    expectExit(await longshore(["verify", shop.exported]), 0);
  });

  const failures: Record<
    string,
    { stage: Stage; source: string; code: number; error: string; message: RegExp }
  > = {
    "a source that is not there": {
      stage: "all",
      source: "pvc://team/source/nope",
      code: 1,
      error: "SourceNotFound",
      message: /^the source pvc:\/\/team\/source\/nope does not exist$/,
    },
    "a link out of the volume": {
      stage: "all",
      source: "pvc://team/source/evil",
      code: 1,
      error: "PlaceNotAllowed",
      message: /^pvc:\/\/team\/source\/evil leads out of its volume/,
    },
    "a place that is none of its job": {
      stage: "all",
      source: "pvc://team/other",
      code: 1,
      error: "PlaceNotAllowed",
      message: /is no place of this export/,
    },
    "a share before there is a plan": {
      stage: "pack",
      source: "pvc://team/source/data",
      code: 2,
      error: "NotPlanned",
      message: /has no plan yet/,
    },
    "a stage that is none of its job": {
      stage: "cleanup",
      source: "pvc://team/source/data",
      code: 1,
      error: "InvalidArgument",
      message: /cleanup/,
    },
  };
  for (const [what, { stage, source, code, error, message }] of Object.entries(failures))
    test(`says of ${what} what it is, and whether it is worth another attempt`, async () => {
      await using shop = workshop();
      symlinkSync("/etc", shop.folder.join("source/evil"));
      const ended = await shop.run(stage, shop.task(source));
      assert.equal(ended.code, code);
      assert.equal(ended.said.error?.code, error);
      assert.match(ended.said.error.message, message);
    });

  test("without a job it ends with a sentence", async () => {
    await using folder = temporaryFolder();
    const file = folder.join("log");
    const { code } = await longshore(["worker", "--stage", "all", "--termination-log", file]);
    assert.equal(code, 1);
    assert.equal(parseMessage(readFileSync(file, "utf8"))?.error?.code, "InvalidArgument");
  });

  test("told to stop, it says so, and the next goes on from what is done", async () => {
    await using shop = workshop(400_000);
    const slow = shop.task(undefined, 19);
    const running = shop.start("all", slow);
    await until("a part is safe", () => existsSync(`${shop.exported}/receipts`));
    running.signal("SIGTERM");
    const { code } = await running.done;
    assert.equal(code, 130);
    assert.equal(shop.lastWords()?.error?.code, "Interrupted");
    const { said } = await shop.run("all", slow);
    assert.equal(said.result?.files, 40);
    expectExit(await longshore(["verify", shop.exported]), 0);
  });

  test("removes what its owner prepared, and nothing of another's", async () => {
    await using shop = workshop();
    await shop.run("all", shop.task());
    assert.equal((await shop.run("cleanup", shop.cleanup("uid-2"))).code, 0);
    assert.ok(existsSync(shop.exported));
    for (const _again of [1, 2]) {
      assert.equal((await shop.run("cleanup", shop.cleanup("uid-1"))).code, 0);
      assert.equal(existsSync(shop.exported), false);
    }
  });
});
