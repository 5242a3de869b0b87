/** Suspended exports of a real cluster: their Jobs stay without pods, and go on where they were. */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import type { Job, Pod } from "../../src/cluster/jobs/objects.ts";
import type { Export } from "../../src/domain/resources/resource.ts";
import { expectExit } from "../fixtures/run.ts";
import { expectExtracted } from "./expect-extracted.ts";
import {
  type ExportNamespace,
  fill,
  noExports,
  openExportNamespace,
  phaseOf,
  stageOf,
} from "./export-namespace.ts";
import { reasonOf, statusOf } from "./exports.ts";
import { kubectl } from "./kubectl.ts";

const part = 16 * 2 ** 20;
const indexed = { mode: "Indexed", count: 4 };

describe("suspended exports in a cluster", { skip: noExports, timeout: 1_200_000 }, () => {
  let space: ExportNamespace;
  let source: string;
  let out: string;
  before(async () => {
    space = await openExportNamespace({ prefix: "d-suspend" });
    source = await space.volumes.add("source");
    out = await space.volumes.add("out");
    // Nine parts: of four workers one has three, and its third takes it a while when the others are done.
    fill(join(source, "large"), 1, 9 * part);
    fill(join(source, "small"), 10, 100);
  });
  after(() => space?.[Symbol.asyncDispose]());

  const create = (name: string, over: object = {}): Promise<Export> =>
    space.create(name, {
      source: { volume: { claimName: "source", path: "large" } },
      destination: { volume: { claimName: "out", path: "exports" } },
      partSize: "16Mi",
      compressionLevel: 12,
      workers: indexed,
      ...over,
    });
  const folderOf = (name: string): string => join(out, "exports", space.name, name);
  const isSuspended = (found: Export | undefined): boolean =>
    found !== undefined && reasonOf(found) === "Suspended";

  /** The Jobs that are left have no pod that may still do anything. */
  async function suspended(name: string): Promise<Export> {
    await space.patch(name, { suspend: true });
    const found = (await space.becomes(name, isSuspended)) ?? assert.fail();
    const pods = await space.podsOf(found.metadata.uid);
    assert.deepEqual(pods.filter(isActive).map(phaseOf), []);
    return found;
  }
  const expectWhole = (name: string, folder = "large"): Promise<void> =>
    expectExtracted(folderOf(name), join(source, folder));
  const packJob = async (uid: string): Promise<Job> => {
    const found = (await space.jobsOf(uid)).filter((job) => stageOf(job) === "pack");
    assert.equal(found.length, 1);
    return found[0] ?? assert.fail();
  };
  const hasPacker = (pods: readonly Pod[]): boolean =>
    pods.some((pod) => stageOf(pod) === "pack" && phaseOf(pod) === "Running");

  test("the Job stays with its shares that are done, and only the others go on", async () => {
    const { metadata } = await create("shares", {
      compressionLevel: 19,
      // So little of a processor that the third part takes longer than anybody needs to suspend it.
      workers: {
        ...indexed,
        resources: { requests: { cpu: "50m" }, limits: { cpu: "300m", memory: "1Gi" } },
      },
    });
    const uid = metadata.uid;
    await space.podsBecome(uid, (pods) =>
      pods.some((pod) => stageOf(pod) === "pack" && phaseOf(pod) === "Succeeded"),
    );
    await suspended("shares");
    const job = await packJob(uid);
    assert.equal(job.spec.suspend, true);
    assert.ok(existsSync(join(folderOf("shares"), "plan.json")));
    const listed = await kubectl(space.cluster, ["get", "exp", "shares", "-n", space.name]);
    assert.match(listed.stdout.toString(), /shares +Suspended/);
    process.stdout.write(listed.stdout);
    const before = (await space.podsOf(uid)).filter((pod) => stageOf(pod) === "pack");
    // Kubernetes does not count one that it had told to end.
    const done = before.filter(
      (pod) => phaseOf(pod) === "Succeeded" && pod.metadata.deletionTimestamp === undefined,
    );
    assert.ok(done.length > 0 && done.length < indexed.count, `${done.length} shares are done`);

    await space.restartOperator();
    await space.patch("shares", { suspend: false });
    const { status } = await space.succeeded("shares");
    assert.equal(status?.failures, undefined, "it is no failure");
    await expectWhole("shares");
    assert.equal((await packJob(uid)).metadata.uid, job.metadata.uid, "the Job that was suspended went on");
    const packers = (await space.podsOf(uid)).filter((pod) => stageOf(pod) === "pack");
    for (const pod of done)
      assert.deepEqual(
        packers.filter((other) => indexOf(other) === indexOf(pod)).map((other) => other.metadata.uid),
        [pod.metadata.uid],
        "a share that is done is not run again",
      );
    const interrupted = indexed.count - done.length;
    const bound = interrupted * availableParallelism() * part;
    const redone = status?.bytes?.redone ?? 0;
    process.stdout.write(
      `${done.length} of ${indexed.count} shares were done; ${redone} bytes again, bound ${bound}\n`,
    );
    assert.ok(redone <= bound, `${redone} bytes were done again`);
  });

  interface Moment {
    readonly over?: object;
    /** Of the source. */
    readonly folder?: string;
    readonly until: (space: ExportNamespace, uid: string) => Promise<unknown>;
  }
  const moments: Record<string, Moment> = {
    "before its first pod runs": {
      until: (at, uid) => at.jobsBecome(uid, (jobs) => jobs.length > 0),
    },
    "while it plans": {
      until: (at, uid) => at.podsBecome(uid, (pods) => pods.some((pod) => phaseOf(pod) === "Running")),
    },
    "when its plan is done": {
      until: (at, uid) => at.podsBecome(uid, (pods) => pods.some((pod) => phaseOf(pod) === "Succeeded")),
    },
    "while one worker does everything": {
      over: { workers: {}, source: { volume: { claimName: "source", path: "large" } } },
      folder: "large",
      until: (at, uid) => at.podsBecome(uid, (pods) => pods.some((pod) => phaseOf(pod) === "Running")),
    },
  };
  for (const [index, [moment, { over = {}, folder = "small", until }]] of Object.entries(moments).entries())
    test(`${moment}: it is no failure, and goes on`, async () => {
      const name = `moment-${index}`;
      const { metadata } = await create(name, {
        source: { volume: { claimName: "source", path: "small" } },
        ...over,
      });
      await until(space, metadata.uid);
      const began = performance.now();
      await space.patch(name, { suspend: true });
      // It may be done by then, which stands.
      const at = await space.becomes(name, (now) => isSuspended(now) || statusOf(now) === "True");
      console.log(`${moment}: ${reasonOf(at)} after ${((performance.now() - began) / 1000).toFixed(1)} s`);
      if (statusOf(at) !== "True") {
        assert.deepEqual((await space.podsOf(metadata.uid)).filter(isActive).map(phaseOf), []);
        await space.patch(name, { suspend: false });
      }
      const { status } = await space.succeeded(name);
      assert.equal(status?.failures, undefined);
      await expectWhole(name, folder);
    });

  test("with other workers when it goes on, its Jobs are made anew", async () => {
    const { metadata } = await create("other-workers");
    await space.podsBecome(metadata.uid, hasPacker);
    await suspended("other-workers");
    const before = await packJob(metadata.uid);
    await space.patch("other-workers", {
      suspend: false,
      workers: { mode: "Indexed", count: 2, labels: { team: "a" } },
    });
    await space.succeeded("other-workers");
    await expectWhole("other-workers");
    const job = await packJob(metadata.uid);
    assert.notEqual(job.metadata.uid, before.metadata.uid);
    assert.equal(job.spec.completions, 2);
    assert.equal(job.spec.template.metadata.labels?.["team"], "a");
  });

  test("its Job removed by hand meanwhile, it goes on with another", async () => {
    const { metadata } = await create("removed");
    await space.podsBecome(metadata.uid, hasPacker);
    await suspended("removed");
    expectExit(await kubectl(space.cluster, ["delete", "jobs", "--all", "-n", space.name]), 0);
    await space.patch("removed", { suspend: false });
    await space.succeeded("removed");
    await expectWhole("removed");
  });

  for (const [what, end] of Object.entries({
    cancelled: { change: { cancel: true }, isEnd: (now: Export | undefined) => reasonOf(now) === "Canceled" },
    deleted: { change: undefined, isEnd: (now: Export | undefined) => now === undefined },
  }))
    test(`${what} while it is suspended, nothing of it is left`, async () => {
      const { metadata } = await create(what);
      await space.podsBecome(metadata.uid, hasPacker);
      await suspended(what);
      await (end.change === undefined ? space.remove(what) : space.patch(what, end.change));
      await space.becomes(what, end.isEnd);
      assert.equal(existsSync(folderOf(what)), false);
      assert.deepEqual(await space.jobsBecome(metadata.uid, (jobs) => jobs.length === 0), []);
    });
});

const indexOf = ({ metadata }: Pod): string | undefined =>
  metadata.annotations?.["batch.kubernetes.io/job-completion-index"];
const isActive = (pod: Pod): boolean => phaseOf(pod) !== "Succeeded" && phaseOf(pod) !== "Failed";
