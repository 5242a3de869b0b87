import assert from "node:assert/strict";
import { mkdirSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { observed, testJobRunner } from "../../../test/conformance/job-runner.ts";
import {
  jobOf,
  lockOf,
  makeTree,
  namesBelow,
  standstill,
  startRunner,
} from "../../../test/fixtures/local-jobs.ts";
import { temporaryFolder } from "../../../test/fixtures/run.ts";
import type { JobObservation } from "../../domain/ports/job-runner.ts";
import type { LocalJobRunnerOptions } from "./local-job-runner.ts";

const { signal } = new AbortController();

testJobRunner("of this machine", async () => {
  const folder = temporaryFolder();
  makeTree(folder.join("tree"), 8, 20_000);
  makeTree(folder.join("empty"), 4, 0);
  const runner = await startRunner(folder.join("scratch"), { bytesPerSecond: standstill });
  return {
    runner,
    limit: 2,
    keepsSuspended: false,
    quick: async () => jobOf(folder, { source: folder.join("empty") }),
    endless: async () => jobOf(folder),
    failing: async () => jobOf(folder, { source: folder.join("none") }),
    namesAt: async (location) => namesBelow(location),
    [Symbol.asyncDispose]: async () => {
      await runner[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
});

const program = new URL("../../../test/fixtures/job-program.ts", import.meta.url);

/** A runner whose jobs do what their names say. */
async function pretender(given: Partial<LocalJobRunnerOptions> = {}) {
  const folder = temporaryFolder();
  const errors: unknown[] = [];
  const notices: string[] = [];
  const runner = await startRunner(folder.join("scratch"), {
    program,
    onError: (error) => errors.push(error),
    onNotice: (_uid, message) => notices.push(message),
    ...given,
  });
  const begin = async (name: string): Promise<string> => {
    const job = jobOf(folder, { name });
    await runner.start(job, signal);
    return job.exportUid;
  };
  const ended = async (uid: string): Promise<JobObservation> =>
    (await observed(runner, uid, (job) => job?.phase === "succeeded" || job?.phase === "failed")) ??
    assert.fail();
  return {
    folder,
    errors,
    notices,
    runner,
    begin,
    ended,
    [Symbol.asyncDispose]: async () => {
      await runner[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
}

const threads = (): number =>
  process.getActiveResourcesInfo().filter((name) => name === "MessagePort" || name === "Worker").length;

describe("a job's thread", () => {
  for (const name of ["dies", "throws"])
    test(`that ${name} is a failed attempt, and others go on`, async () => {
      await using place = await pretender();
      const { error } = await place.ended(await place.begin(name));
      assert.equal(error?.code, "WorkerLost");
      assert.equal(place.errors.length, 1, "the log knows why");
      assert.equal((await place.ended(await place.begin("well"))).phase, "succeeded");
    });

  test("gives an error of the catalogue back as one", async () => {
    await using place = await pretender();
    const { error } = await place.ended(await place.begin("denied"));
    assert.deepEqual(error, { code: "DestinationDenied", message: "no entry", hint: "knock" });
    assert.deepEqual(place.errors, []);
  });

  test("gives one that nobody expected back without a code, and to the log", async () => {
    await using place = await pretender();
    const { error } = await place.ended(await place.begin("flaw"));
    assert.deepEqual(error, { message: "a flaw of ours" });
    assert.match((place.errors[0] as Error).stack ?? "", /job-program/);
    const owned = { location: place.folder.join("x", "y", "z"), owner: "me" };
    await assert.rejects(place.runner.removeData(owned, signal), { message: "a flaw of ours" });
  });

  for (const none of [new URL("none.ts", program), new URL("https://example.org/none.ts")])
    test(`that can't be started is a failed attempt: ${none.protocol}`, async () => {
      await using place = await pretender({ program: none });
      assert.equal((await place.ended(await place.begin("well"))).error?.code, "WorkerLost");
    });

  test("says what a person should know", async () => {
    await using place = await pretender();
    await place.ended(await place.begin("says something"));
    assert.deepEqual(place.notices, ["a folder was left out"]);
  });

  test("says how far it came at last, and rarely before", async () => {
    await using place = await pretender();
    const following = new AbortController();
    const changes = place.runner.changes(following.signal);
    const began = performance.now();
    const uid = await place.begin("tells much");
    let heard = 0;
    for await (const changed of changes) {
      heard++;
      const job = await place.runner.observe(changed, signal);
      if (job?.phase !== "succeeded") continue;
      assert.equal(job.progress.bytes, 20);
      break;
    }
    following.abort();
    // Four times a second, and when it begins and ends: as much more as the machine is slower.
    const most = 5 + (performance.now() - began) / 250;
    assert.ok(heard <= most, `${heard} changes of ${uid}`);
  });

  for (const name of ["never ends", "spins", "has threads"])
    test(`that ${name} is ended by force`, async () => {
      const before = threads();
      await using place = await pretender({ grace: 50 });
      const uid = await place.begin(name);
      await observed(place.runner, uid, (job) => (job?.progress.bytes ?? 0) > 0);
      await place.runner.stop(uid, signal);
      assert.equal(threads(), before);
      assert.equal(await place.runner.observe(uid, signal), undefined);
    });

  test("that is done when it is told to stop, is done", async () => {
    await using place = await pretender();
    const uid = await place.begin("wins");
    await observed(place.runner, uid, (job) => (job?.progress.bytes ?? 0) > 0);
    await place.runner.stop(uid, signal);
    assert.equal((await place.runner.observe(uid, signal))?.phase, "succeeded");
  });
});

describe("the local runner", () => {
  test("gives up waiting for a stop when that is cancelled, and stops it all the same", async () => {
    await using place = await pretender({ grace: 300 });
    const uid = await place.begin("never ends");
    await observed(place.runner, uid, (job) => (job?.progress.bytes ?? 0) > 0);
    const controller = new AbortController();
    const stopping = place.runner.stop(uid, controller.signal);
    controller.abort(new Error("enough"));
    await assert.rejects(stopping, { message: "enough" });
    await observed(place.runner, uid, (job) => job === undefined);
  });

  test("disposed, has no thread left, and begins nothing more", async () => {
    const before = threads();
    const place = await pretender({ jobs: 1, grace: 50 });
    const uids = [await place.begin("never ends"), await place.begin("well")];
    await place[Symbol.asyncDispose]();
    assert.equal(threads(), before);
    for (const uid of uids) assert.equal(await place.runner.observe(uid, signal), undefined);
    await assert.rejects(place.begin("well"), { code: "ServerStopping" });
    await assert.rejects(place.runner.removeData({ location: "/x/y/z", owner: "me" }, signal), {
      code: "ServerStopping",
    });
  });

  test("makes its scratch folder, and empties the one that an earlier process left", async () => {
    await using folder = temporaryFolder();
    const scratch = folder.join("data", "scratch");
    for (let i = 0; i < 2; i++) {
      await using _runner = await startRunner(scratch);
      assert.deepEqual(namesBelow(scratch), []);
      assert.equal(statSync(scratch).mode & 0o777, 0o700);
      mkdirSync(join(scratch, "left"));
      writeFileSync(join(scratch, "left", "run-1"), "x");
    }
    writeFileSync(folder.join("file"), "x");
    await assert.rejects(startRunner(folder.join("file", "scratch")), { code: "ScratchFailed" });
  });
});

describe("an export's thread", () => {
  test("takes its pack threads with it when it is ended by force, and leaves the export free", async () => {
    const before = threads();
    const folder = temporaryFolder();
    makeTree(folder.join("tree"), 8, 20_000);
    await using runner = await startRunner(folder.join("scratch"), { bytesPerSecond: standstill, grace: 0 });
    const job = jobOf(folder, { workers: 2 });
    await runner.start(job, signal);
    await observed(runner, job.exportUid, (seen) => seen?.progress.planned === true);
    await runner.stop(job.exportUid, signal);
    assert.equal(threads(), before);
    await using _lock = await lockOf(job.location);
    await runner[Symbol.asyncDispose]();
    await folder[Symbol.asyncDispose]();
  });

  test("refuses a place into whose path a link was put", async () => {
    const folder = temporaryFolder();
    makeTree(folder.join("elsewhere"), 2, 10);
    mkdirSync(folder.join("allowed"));
    symlinkSync(folder.join("elsewhere"), folder.join("allowed", "tree"));
    await using runner = await startRunner(folder.join("scratch"));
    const jobs = [
      jobOf(folder, { source: folder.join("allowed", "tree") }),
      jobOf(folder, {
        source: folder.join("elsewhere"),
        location: folder.join("allowed", "tree", "ns", "x"),
      }),
    ];
    for (const job of jobs) {
      await runner.start(job, signal);
      const seen = await observed(runner, job.exportUid, (now) => now?.phase === "failed");
      assert.equal(seen?.error?.code, "PlaceNotAllowed");
    }
    assert.deepEqual(namesBelow(folder.join("elsewhere")), ["file-0", "inner", "inner/file-1"]);
    await runner[Symbol.asyncDispose]();
    await folder[Symbol.asyncDispose]();
  });
});
