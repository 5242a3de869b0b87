/** Every pod that a worker may be is let in where Pod Security is strictest, by a real API server. */
import { after, before, describe, test } from "node:test";
import assert from "node:assert/strict";
import { jobManifest, podOf } from "../../src/cluster/jobs/job-manifest.ts";
import { jobs, pods } from "../../src/cluster/jobs/objects.ts";
import type { WorkerJob } from "../../src/cluster/jobs/worker-job.ts";
import { stages } from "../../src/cluster/jobs/worker-task.ts";
import { workerJob } from "../fixtures/kube-jobs.ts";
import { optionsOf } from "../fixtures/packing.ts";
import { noCluster, openTestCluster, type TestCluster, type TestNamespace } from "./cluster.ts";

const { signal } = new AbortController();
const settings = {
  image: "longshore:dev",
  imagePullPolicy: "IfNotPresent",
  reportUrl: "http://longshore-operator.longshore-system.svc:8081/report",
};
const indexed = { attempt: 0, options: optionsOf({}), workers: 256 };

describe("the pods of workers", { skip: noCluster }, () => {
  let cluster: TestCluster;
  const spaces: Record<string, TestNamespace> = {};
  before(async () => {
    cluster = await openTestCluster();
    for (const level of ["restricted", "baseline"])
      spaces[level] = await cluster.namespace("c-pods", { "pod-security.kubernetes.io/enforce": level });
  });
  after(async () => {
    for (const space of Object.values(spaces)) await space[Symbol.asyncDispose]();
    await cluster[Symbol.asyncDispose]();
  });

  const inSpace = (level: string, over: Partial<WorkerJob>): WorkerJob => {
    const namespace = spaces[level]?.name ?? assert.fail();
    const job = workerJob({ export: indexed, ...over });
    return { ...job, owner: { ...job.owner, namespace } };
  };
  const tried = async (job: WorkerJob, stage: (typeof stages)[number]): Promise<void> => {
    const manifest = jobManifest(job, settings, stage);
    await cluster.api.create(pods, podOf(manifest), { dryRun: true }, signal);
    const made = await cluster.api.create(jobs, manifest, { dryRun: true }, signal);
    assert.equal(made.metadata.name, manifest.metadata.name);
  };

  const { workers } = workerJob();
  const kinds: Record<string, Partial<WorkerJob>> = {
    "two claims": {},
    "one claim for both": {
      locations: { source: "pvc://team/out/data", destination: "pvc://team/out/team/reports" },
    },
    "buckets and Secrets": {
      locations: {
        source: "gs://from-here/data",
        destination: "s3://handover/x",
        previous: "az://older/x",
      },
      secrets: { source: "a", destination: "b", previous: "c" },
    },
    "a claim in use": { node: "node1", sharesNode: true },
    "packers that stay together": { sharesNode: true },
    "everything that may be asked for": {
      workers: {
        ...workers,
        resources: { requests: { cpu: 1, memory: "1Gi" }, limits: { memory: "2Gi" } },
        nodeSelector: { disk: "ssd" },
        tolerations: [{ key: "gpu", operator: "Exists", effect: "NoSchedule" }],
        imagePullSecrets: [{ name: "registry" }],
        labels: { team: "a" },
        securityContext: {
          runAsUser: 4242,
          runAsGroup: 77,
          supplementalGroups: [5],
          seLinuxOptions: { level: "s0:c1" },
        },
        topologySpreadConstraints: [{ maxSkew: 1, topologyKey: "zone", whenUnsatisfiable: "ScheduleAnyway" }],
      },
    },
  };
  for (const [kind, over] of Object.entries(kinds))
    test(`are let in under restricted: ${kind}`, async () => {
      for (const stage of stages) await tried(inSpace("restricted", over), stage);
    });

  test("that read as root are refused there with a sentence, and let in under baseline", async () => {
    const root = { workers: { ...workers, readAs: "Root" as const } };
    await tried(inSpace("baseline", root), "all");
    await assert.rejects(tried(inSpace("restricted", root), "all"), {
      code: "Forbidden",
      message: /violates PodSecurity "restricted:latest".*DAC_OVERRIDE/,
    });
  });
});
