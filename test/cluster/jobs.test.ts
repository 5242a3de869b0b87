/** Exports of a real cluster, run by the operator in pods from claim to claim, whatever becomes of those pods. */
import assert from "node:assert/strict";
import { existsSync, readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { namespaces, type Pod, pods } from "../../src/cluster/jobs/objects.ts";
import { Plan } from "../../src/domain/plan.ts";
import type { Export } from "../../src/domain/resources/resource.ts";
import { expectExtracted } from "./expect-extracted.ts";
import {
  type ExportNamespace,
  fill,
  noExports,
  openExportNamespace,
  phaseOf,
  stageOf,
} from "./export-namespace.ts";
import { messageOf, reasonOf, statusOf } from "./exports.ts";

const { signal } = new AbortController();

describe("exports in a cluster", { skip: noExports, timeout: 600_000 }, () => {
  let space: ExportNamespace;
  let source: string;
  let out: string;
  before(async () => {
    space = await openExportNamespace({ prefix: "c-jobs" });
    source = await space.volumes.add("source");
    out = await space.volumes.add("out");
    fill(join(source, "small"), 30, 100);
    fill(join(source, "large"), 400, 100_000);
    symlinkSync("/var/run/longshore", join(source, "evil"));
  });
  after(() => space?.[Symbol.asyncDispose]());

  const create = (name: string, over: object = {}): Promise<Export> =>
    space.create(name, {
      source: { volume: { claimName: "source", path: "small" } },
      destination: { volume: { claimName: "out", path: "exports" } },
      partSize: "256Ki",
      ...over,
    });
  const large = { source: { volume: { claimName: "source", path: "large" } }, compressionLevel: 19 };
  const folderOf = (name: string): string => join(out, "exports", space.name, name);

  test("Sequential: one Job, and the export is what the source is", async () => {
    await create("sequential");
    const { metadata, status } = await space.succeeded("sequential");
    assert.equal(status?.location, `pvc://${space.name}/out/exports/${space.name}/sequential`);
    await expectExtracted(folderOf("sequential"), join(source, "small"));
    // It goes some time after its result stands in the Export.
    const jobs = await space.jobsBecome(metadata.uid, (found) =>
      found.every(({ spec }) => spec.ttlSecondsAfterFinished === 600),
    );
    assert.equal(jobs.length, 1);
    const { request } = Plan.parse(
      JSON.parse(readFileSync(join(folderOf("sequential"), "plan.json"), "utf8")),
    );
    const uidOf = async (name: string): Promise<string | undefined> =>
      (await space.cluster.api.get(namespaces, { name }, signal))?.metadata.uid;
    const uids = await Promise.all(["kube-system", space.name].map(uidOf));
    assert.equal(request.owner, [...uids, metadata.uid].join("/"));
  });

  test("Indexed: plan, pack and finalize, by several workers", async () => {
    await create("indexed", { ...large, compressionLevel: 1, workers: { mode: "Indexed", count: 3 } });
    const { metadata } = await space.succeeded("indexed");
    await expectExtracted(folderOf("indexed"), join(source, "large"));
    const stages = (await space.jobsOf(metadata.uid)).map(stageOf);
    assert.deepEqual([stages.length, new Set(stages)], [3, new Set(["plan", "pack", "finalize"])]);
  });

  test("workers that are killed, with the operator, change nothing of the export and double no Job", async () => {
    const { metadata } = await create("killed", { ...large, workers: { mode: "Indexed", count: 3 } });
    for (const kill of ["gently", "by force", "and the operator"]) {
      const running = await packers(metadata.uid);
      await (kill === "by force" ? removePods(running, 0) : removePods(running.slice(0, 1)));
      if (kill === "and the operator") await space.restartOperator();
    }
    const { status } = await space.succeeded("killed");
    await expectExtracted(folderOf("killed"), join(source, "large"));
    const made = (await space.jobsOf(metadata.uid)).filter((job) => stageOf(job) === "pack");
    assert.equal(made.length, (status?.failures ?? 0) + 1, "no Job was made twice");
  });

  /** Pods that pack, as soon as there is one; none where it is done. */
  async function packers(uid: string): Promise<readonly Pod[]> {
    const isPacking = (pod: Pod): boolean => stageOf(pod) === "pack" && phaseOf(pod) === "Running";
    const found = await space.podsBecome(
      uid,
      (all) => all.some(isPacking) || all.some((pod) => stageOf(pod) === "finalize"),
    );
    return found.filter(isPacking);
  }
  async function removePods(found: readonly Pod[], gracePeriodSeconds?: number): Promise<void> {
    const options = gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds };
    for (const { metadata } of found) await space.cluster.api.delete(pods, metadata, options, signal);
  }

  test("cancelled, its data goes and it says so", async () => {
    const { metadata } = await create("cancelled", { ...large, workers: { mode: "Indexed", count: 2 } });
    await packers(metadata.uid);
    await space.patch("cancelled", { cancel: true });
    assert.equal(reasonOf(await space.ended("cancelled")), "Canceled");
    assert.equal(existsSync(folderOf("cancelled")), false);
  });

  test("a link that leads out of its volume is refused, and nothing is written", async () => {
    await create("evil", { source: { volume: { claimName: "source", path: "evil" } } });
    const ended = await space.ended("evil");
    assert.equal(statusOf(ended), "False");
    assert.equal(reasonOf(ended), "PlaceNotAllowed");
    assert.match(messageOf(ended), /leads out of its volume by a symbolic link/);
    assert.equal(existsSync(folderOf("evil")), false);
  });
});
