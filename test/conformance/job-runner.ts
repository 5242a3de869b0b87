/** The conformance suite of the JobRunner port: what everything that runs exports must do, threads of one machine or Jobs of a cluster. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { ExportJob, JobObservation, JobRunner, OwnedPlace } from "../../src/domain/ports/job-runner.ts";

/** A runner that knows of nothing yet, and exports for it. Every call gives a job with a name of its own. */
export interface JobRunnerPlace extends AsyncDisposable {
  readonly runner: JobRunner;
  /** Jobs that it works on at the same time, where it has such a limit. */
  readonly limit?: number;
  /** Whether what it suspended is still known to it. */
  readonly keepsSuspended: boolean;
  /** A job that soon succeeds. */
  readonly quick: () => Promise<ExportJob>;
  /** A job that is worked on until it is stopped. */
  readonly endless: () => Promise<ExportJob>;
  /** A job that fails with SourceNotFound. */
  readonly failing: () => Promise<ExportJob>;
  /** Names of what lies at a location, as whoever may look there sees them. */
  readonly namesAt: (location: string) => Promise<readonly string[]>;
}

const { signal } = new AbortController();

/** Resolves with the first observation that is as it is wanted to be; asks again whenever the runner says that it changed. */
export async function observed(
  runner: JobRunner,
  exportUid: string,
  isWanted: (job: JobObservation | undefined) => boolean,
): Promise<JobObservation | undefined> {
  const following = new AbortController();
  try {
    const changes = runner.changes(following.signal)[Symbol.asyncIterator]();
    let next = changes.next();
    for (;;) {
      const job = await runner.observe(exportUid, signal);
      if (isWanted(job)) {
        // Nobody waits for it any more, and it ends with the signal's reason.
        next.catch(() => undefined);
        return job;
      }
      await next;
      next = changes.next();
    }
  } finally {
    following.abort();
  }
}

const isIn =
  (phase: JobObservation["phase"]) =>
  (job: JobObservation | undefined): boolean =>
    job?.phase === phase;

const phaseOf = async (runner: JobRunner, { exportUid }: ExportJob): Promise<string | undefined> =>
  (await runner.observe(exportUid, signal))?.phase;

export interface JobRunnerSuite {
  /** Whether it queues what is too much for it, rather than leave that to others. */
  readonly limited?: boolean;
  readonly skip?: string | false;
  /** Milliseconds. */
  readonly timeout?: number;
}

/** Runs the suite against the places that `open` makes. */
export function testJobRunner(
  name: string,
  open: () => Promise<JobRunnerPlace>,
  { limited = true, ...options }: JobRunnerSuite = {},
): void {
  const withPlace = (use: (place: JobRunnerPlace) => Promise<void>) => async (): Promise<void> => {
    await using place = await open();
    await use(place);
  };
  describe(`job runner ${name}`, options, () => {
    testRunning(withPlace);
    if (limited) testLimit(withPlace);
    testStopping(withPlace);
    testSuspending(withPlace);
    testChanges(withPlace);
    testRemoving(withPlace);
  });
}

type WithPlace = (use: (place: JobRunnerPlace) => Promise<void>) => () => Promise<void>;

const placeOf = ({ location, exportUid, namespace, name }: ExportJob): OwnedPlace => ({
  location,
  owner: exportUid,
  export: { namespace, name },
});

const made = (count: number, make: () => Promise<ExportJob>): Promise<ExportJob[]> =>
  Promise.all(Array.from({ length: count }, make));

function testRunning(withPlace: WithPlace): void {
  test(
    "knows nothing of what was never begun, and that is no error",
    withPlace(async ({ runner, quick }) => {
      const { exportUid } = await quick();
      assert.equal(await runner.observe(exportUid, signal), undefined);
      await runner.stop(exportUid, signal);
      await runner.suspend(exportUid, signal);
      await runner.forget(exportUid, signal);
      assert.equal(await runner.observe(exportUid, signal), undefined);
    }),
  );

  test(
    "lets a first attempt in without beginning it",
    withPlace(async ({ runner, quick, namesAt }) => {
      const job = await quick();
      assert.equal(await runner.admits(job, signal), true);
      assert.equal(await runner.admits(job, signal), true);
      assert.equal(await runner.observe(job.exportUid, signal), undefined);
      assert.deepEqual(await namesAt(job.location), []);
    }),
  );

  test(
    "runs a job to its end, and knows the result until it is forgotten",
    withPlace(async ({ runner, quick, namesAt }) => {
      const job = await quick();
      await runner.start(job, signal);
      const { result, error, progress, parts } =
        (await observed(runner, job.exportUid, isIn("succeeded"))) ?? assert.fail();
      assert.equal(error, undefined);
      assert.match(result?.manifestDigest ?? "", /^[0-9a-f]{64}$/);
      assert.equal(progress.planned, true);
      assert.ok(progress.plannedFiles > 0);
      assert.equal(parts.succeeded, progress.plannedParts);
      assert.ok((await namesAt(job.location)).includes("manifest.json"));
      await runner.stop(job.exportUid, signal);
      assert.deepEqual((await runner.observe(job.exportUid, signal))?.result, result);
      await runner.forget(job.exportUid, signal);
      assert.equal(await runner.observe(job.exportUid, signal), undefined);
    }),
  );

  test(
    "an export that is done before it is begun has the same result again",
    withPlace(async ({ runner, quick }) => {
      const job = await quick();
      const results = [];
      for (const attempt of [0, 1]) {
        await runner.start({ ...job, attempt }, signal);
        const seen = await observed(runner, job.exportUid, isIn("succeeded"));
        assert.equal(seen?.attempt, attempt);
        results.push(seen.result);
        await runner.forget(job.exportUid, signal);
      }
      assert.deepEqual(results[1], results[0]);
    }),
  );

  test(
    "beginning the same attempt again changes nothing, and another one has to wait until it is forgotten",
    withPlace(async ({ runner, failing, endless }) => {
      for (const job of [await failing(), await endless()]) {
        await runner.start(job, signal);
        const seen = await observed(runner, job.exportUid, (now) => now?.phase !== "queued");
        await runner.start(job, signal);
        assert.notEqual(await runner.observe(job.exportUid, signal), undefined);
        await assert.rejects(runner.start({ ...job, attempt: 1 }, signal), { code: "Conflict" });
        assert.equal((await runner.observe(job.exportUid, signal))?.attempt, seen?.attempt);
      }
    }),
  );

  test(
    "says with which code a job failed, and lets the next attempt begin when it is forgotten",
    withPlace(async ({ runner, failing }) => {
      const job = await failing();
      for (const attempt of [0, 1]) {
        await runner.start({ ...job, attempt }, signal);
        const seen = await observed(runner, job.exportUid, isIn("failed"));
        assert.equal(seen?.attempt, attempt);
        assert.equal(seen.error?.code, "SourceNotFound");
        assert.ok((seen.error.message.length ?? 0) > 10);
        assert.equal(seen.result, undefined);
        await runner.forget(job.exportUid, signal);
      }
    }),
  );
}

/** Of runners that queue what is too much for them. */
function testLimit(withPlace: WithPlace): void {
  test(
    "works on so many at a time, and on the others in their order",
    withPlace(async ({ runner, limit = 0, endless, quick }) => {
      const running = await made(limit, endless);
      const waiting = [await endless(), await quick()];
      for (const job of [...running, ...waiting]) await runner.start(job, signal);
      for (const job of running) await observed(runner, job.exportUid, isIn("running"));
      for (const job of waiting) assert.equal(await phaseOf(runner, job), "queued");
      const [first = assert.fail(), second = assert.fail()] = waiting;
      await runner.stop(running[0]?.exportUid ?? assert.fail(), signal);
      await observed(runner, first.exportUid, isIn("running"));
      assert.equal(await phaseOf(runner, second), "queued");
      await runner.stop(first.exportUid, signal);
      await observed(runner, second.exportUid, isIn("succeeded"));
    }),
  );

  test(
    "stops a job that waits for its turn",
    withPlace(async ({ runner, limit = 0, endless }) => {
      const jobs = await made(limit + 1, endless);
      for (const job of jobs) await runner.start(job, signal);
      const last = jobs.at(-1) ?? assert.fail();
      assert.equal(await phaseOf(runner, last), "queued");
      await runner.stop(last.exportUid, signal);
      assert.equal(await runner.observe(last.exportUid, signal), undefined);
    }),
  );
}

function testStopping(withPlace: WithPlace): void {
  test(
    "stops a job that runs, and knows nothing of it then",
    withPlace(async ({ runner, endless, namesAt }) => {
      const job = await endless();
      await runner.start(job, signal);
      await observed(runner, job.exportUid, (seen) => seen?.progress.planned === true);
      await Promise.all([runner.stop(job.exportUid, signal), runner.stop(job.exportUid, signal)]);
      assert.equal(await runner.observe(job.exportUid, signal), undefined);
      const names = await namesAt(job.location);
      assert.ok(names.includes("plan.json"), "what it made safe stays");
      assert.ok(!names.includes("lock"), "nobody works on it");
      await runner.stop(job.exportUid, signal);
      await runner.start(job, signal);
      await observed(runner, job.exportUid, isIn("running"));
    }),
  );

  test(
    "forgets nothing that is still worked on",
    withPlace(async ({ runner, limit = 0, endless }) => {
      const jobs = await made(limit + 1, endless);
      for (const job of jobs) await runner.start(job, signal);
      for (const job of jobs) {
        await runner.forget(job.exportUid, signal);
        assert.notEqual(await runner.observe(job.exportUid, signal), undefined);
      }
    }),
  );

  test(
    "every call that was cancelled before it began does nothing",
    withPlace(async ({ runner, quick }) => {
      const aborted = AbortSignal.abort(new Error("enough"));
      const job = await quick();
      const calls: Record<string, () => Promise<unknown>> = {
        start: () => runner.start(job, aborted),
        observe: () => runner.observe(job.exportUid, aborted),
        stop: () => runner.stop(job.exportUid, aborted),
        suspend: () => runner.suspend(job.exportUid, aborted),
        forget: () => runner.forget(job.exportUid, aborted),
        removeData: () => runner.removeData(placeOf(job), aborted),
        changes: () => Array.fromAsync(runner.changes(aborted)),
      };
      for (const [call, run] of Object.entries(calls)) await assert.rejects(run, { message: "enough" }, call);
      assert.equal(await runner.observe(job.exportUid, signal), undefined);
    }),
  );
}

function testSuspending(withPlace: WithPlace): void {
  test(
    "suspends a job that runs, and goes on with the same attempt",
    withPlace(async ({ runner, endless, namesAt, keepsSuspended }) => {
      const job = await endless();
      await runner.start(job, signal);
      await observed(runner, job.exportUid, (seen) => seen?.progress.planned === true);
      for (const time of ["once", "again"]) {
        await Promise.all([runner.suspend(job.exportUid, signal), runner.suspend(job.exportUid, signal)]);
        assert.equal(await phaseOf(runner, job), keepsSuspended ? "suspended" : undefined, time);
      }
      const names = await namesAt(job.location);
      assert.ok(names.includes("plan.json"), "what it made safe stays");
      assert.ok(!names.includes("lock"), "nobody works on it");
      await runner.forget(job.exportUid, signal);
      assert.equal(await phaseOf(runner, job), keepsSuspended ? "suspended" : undefined);
      await runner.start(job, signal);
      assert.equal((await observed(runner, job.exportUid, isIn("running")))?.attempt, 0);
    }),
  );

  test(
    "knows nothing of a suspended job that is stopped, and begins another attempt as if there were none",
    withPlace(async ({ runner, endless }) => {
      for (const stops of [true, false]) {
        const job = await endless();
        await runner.start(job, signal);
        await runner.suspend(job.exportUid, signal);
        if (stops) {
          await runner.stop(job.exportUid, signal);
          assert.equal(await runner.observe(job.exportUid, signal), undefined);
        }
        await runner.start({ ...job, attempt: 1 }, signal);
        assert.equal((await runner.observe(job.exportUid, signal))?.attempt, 1);
      }
    }),
  );

  test(
    "suspends nothing that has ended",
    withPlace(async ({ runner, quick }) => {
      const job = await quick();
      await runner.start(job, signal);
      await observed(runner, job.exportUid, isIn("succeeded"));
      await runner.suspend(job.exportUid, signal);
      assert.equal(await phaseOf(runner, job), "succeeded");
    }),
  );
}

function testChanges(withPlace: WithPlace): void {
  test(
    "tells every follower of every job that changed, once for all that happened since it asked",
    withPlace(async ({ runner, quick, failing }) => {
      const following = new AbortController();
      const followers = [runner.changes(following.signal), runner.changes(following.signal)];
      const jobs = [await quick(), await failing()];
      for (const job of jobs) await runner.start(job, signal);
      for (const job of jobs)
        await observed(runner, job.exportUid, (seen) => isIn("succeeded")(seen) || isIn("failed")(seen));
      for (const follower of followers) {
        const heard: string[] = [];
        for await (const uid of follower) {
          heard.push(uid);
          if (heard.length === jobs.length) break;
        }
        assert.deepEqual(heard.toSorted(), jobs.map(({ exportUid }) => exportUid).toSorted());
      }
      following.abort();
    }),
  );

  test(
    "ends its changes with the reason of whoever cancels",
    withPlace(async ({ runner }) => {
      const following = new AbortController();
      const changes = Array.fromAsync(runner.changes(following.signal));
      following.abort(new Error("enough"));
      await assert.rejects(changes, { message: "enough" });
    }),
  );
}

function testRemoving(withPlace: WithPlace): void {
  test(
    "removes an export that is the owner's, whole or not, and again",
    withPlace(async ({ runner, quick, endless, namesAt }) => {
      const done = await quick();
      await runner.start(done, signal);
      await observed(runner, done.exportUid, isIn("succeeded"));
      const cutOff = await endless();
      await runner.start(cutOff, signal);
      await observed(runner, cutOff.exportUid, (seen) => seen?.progress.planned === true);
      await runner.stop(cutOff.exportUid, signal);
      for (const job of [done, cutOff]) {
        assert.ok((await namesAt(job.location)).includes("plan.json"));
        assert.equal(await runner.removeData(placeOf(job), signal), undefined);
        assert.deepEqual(await namesAt(job.location), []);
        assert.equal(await runner.removeData(placeOf(job), signal), undefined);
      }
    }),
  );

  test(
    "leaves what is another owner's, and what is nobody's",
    withPlace(async ({ runner, quick, namesAt }) => {
      const job = await quick();
      await runner.start(job, signal);
      await observed(runner, job.exportUid, isIn("succeeded"));
      const before = await namesAt(job.location);
      const other = await quick();
      await runner.removeData({ ...placeOf(other), location: job.location }, signal);
      assert.deepEqual(await namesAt(job.location), before);
      await runner.removeData(placeOf(await quick()), signal);
    }),
  );
}
