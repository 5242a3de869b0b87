import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { workerJob } from "../../../test/fixtures/kube-jobs.ts";
import { optionsOf } from "../../../test/fixtures/packing.ts";
import { jobManifest, jobName, podOf } from "./job-manifest.ts";
import type { PodSpec } from "./pod-spec.ts";
import type { WorkerJob } from "./worker-job.ts";
import { stages, taskFrom } from "./worker-task.ts";

const settings = { image: "longshore:dev" };
const podSpec = (over: Partial<WorkerJob> = {}, stage: (typeof stages)[number] = "all"): PodSpec =>
  jobManifest(workerJob(over), settings, stage).spec.template.spec;
const workers = (over: Partial<WorkerJob["workers"]>): Partial<WorkerJob> => ({
  workers: { ...workerJob().workers, ...over },
});
const volumesOf = ({ volumes, containers }: PodSpec): Record<string, string> =>
  Object.fromEntries(
    (containers[0]?.volumeMounts ?? []).map(({ name, mountPath, readOnly }) => {
      const volume = volumes.find((one) => one.name === name);
      const claim = volume?.persistentVolumeClaim;
      const what = claim
        ? `claim ${claim.claimName}${claim.readOnly ? " ro" : ""}`
        : (volume?.secret?.secretName ?? "scratch");
      return [mountPath.replace("/var/run/longshore/", ""), `${what}${readOnly ? ", ro" : ""}`];
    }),
  );

describe("the names of Jobs", () => {
  test("follow from export, stage, attempt and run, and are short enough for the pods of an Indexed Job", () => {
    const names = new Set<string>();
    const identities = stages.flatMap((stage) =>
      ["uid-1", "uid-2"].flatMap((exportUid) =>
        [0, 1, 11].flatMap((attempt) => [0, 1].map((run) => ({ exportUid, stage, attempt, run }))),
      ),
    );
    for (const identity of identities) {
      const name = jobName(identity);
      assert.match(name, /^ls-[0-9a-f]{16}-[a-z]+$/);
      assert.ok(name.length <= 52);
      assert.equal(name, jobName(identity));
      names.add(name);
    }
    assert.equal(names.size, identities.length);
  });

  test("full names stand in annotations, and the Export owns the Job", () => {
    const { metadata, spec } = jobManifest(workerJob(), settings, "all");
    assert.equal(metadata.annotations?.["longshore.dev/export"], "reports");
    assert.equal(metadata.labels?.["longshore.dev/export-uid"], "uid-1");
    assert.deepEqual(metadata.ownerReferences, [
      {
        apiVersion: "longshore.dev/v1alpha1",
        kind: "Export",
        name: "reports",
        uid: "uid-1",
        controller: true,
      },
    ]);
    assert.equal(spec.template.metadata.labels?.["longshore.dev/export-uid"], "uid-1");
    assert.equal(spec.ttlSecondsAfterFinished, undefined);
  });
});

describe("the stages", () => {
  test("a share of the parts may fail by itself; all else is counted by the controller", () => {
    const indexed = workerJob({ export: { attempt: 0, options: optionsOf({}), workers: 4 } });
    const spec = (stage: (typeof stages)[number]) => jobManifest(indexed, settings, stage).spec;
    const { completions, parallelism, completionMode, backoffLimitPerIndex, backoffLimit } = spec("pack");
    assert.deepEqual(
      { completions, parallelism, completionMode, backoffLimitPerIndex, backoffLimit },
      {
        completions: 4,
        parallelism: 4,
        completionMode: "Indexed",
        backoffLimitPerIndex: 3,
        backoffLimit: undefined,
      },
    );
    for (const stage of ["all", "plan", "finalize"] as const) assert.equal(spec(stage).backoffLimit, 0);
    assert.equal(spec("cleanup").backoffLimit, 2);
    assert.equal(spec("cleanup").activeDeadlineSeconds, 600);
    for (const stage of stages)
      assert.deepEqual(spec(stage).template.spec.containers[0]?.args, ["worker", "--stage", stage]);
  });

  test("the pod is told its places by the claims' locations and the mounts", () => {
    const told = (over: Partial<WorkerJob>, stage: "all" | "cleanup") => {
      const env = podSpec(over, stage).containers[0]?.env ?? [];
      return taskFrom(Object.fromEntries(env.map(({ name, value }) => [name, value])));
    };
    const task = told({}, "all");
    assert.deepEqual(task.kind === "export" && task.job.ways, {
      "pvc://team/source/2026": "/var/run/longshore/source/./2026",
      "pvc://team/out/team/reports": "/var/run/longshore/destination/./team/reports",
    });
    const { locations } = workerJob();
    const cleanup = told({ export: undefined, locations: { destination: locations.destination } }, "cleanup");
    assert.deepEqual(cleanup, {
      kind: "cleanup",
      place: {
        location: "pvc://team/out/team/reports",
        owner: "cluster-uid/namespace-uid/uid-1",
        ways: { "pvc://team/out/team/reports": "/var/run/longshore/destination/./team/reports" },
      },
    });
  });
});

describe("the volumes", () => {
  const cases: Record<string, readonly [Partial<WorkerJob>, Record<string, string>]> = {
    "two claims: what is read is so on both levels": [
      {},
      { scratch: "scratch", destination: "claim out", source: "claim source ro, ro" },
    ],
    "one claim for both stands once, and its source can't be written": [
      { locations: { source: "pvc://team/out/data", destination: "pvc://team/out/team/reports" } },
      { scratch: "scratch", destination: "claim out", source: "claim out, ro" },
    ],
    "a previous export in a third claim": [
      {
        locations: {
          ...workerJob().locations,
          previous: "pvc://team/older/team/before",
        },
      },
      {
        scratch: "scratch",
        destination: "claim out",
        source: "claim source ro, ro",
        previous: "claim older ro, ro",
      },
    ],
    "a bucket with its Secret": [
      {
        locations: { source: "pvc://team/source", destination: "s3://handover/team/reports" },
        secrets: { destination: "keys" },
      },
      { scratch: "scratch", "credentials/destination": "keys, ro", source: "claim source ro, ro" },
    ],
    "buckets with and without": [
      {
        locations: { source: "gs://public/data", destination: "s3://handover/team/reports" },
        secrets: { destination: "keys", previous: "unused" },
      },
      { scratch: "scratch", "credentials/destination": "keys, ro" },
    ],
  };
  for (const [name, [over, expected]] of Object.entries(cases))
    test(name, () => assert.deepEqual(volumesOf(podSpec(over)), expected));

  test("a bucket's Secret is found by the way alone, never by the location that records have", () => {
    const [variable] = podSpec({
      locations: { source: "pvc://team/source", destination: "s3://handover/x?region=eu" },
      secrets: { destination: "keys" },
    }).containers[0]!.env;
    const task = taskFrom({ LONGSHORE_JOB: variable?.value });
    assert.equal(task.kind === "export" && task.job.location, "s3://handover/x?region=eu");
    assert.equal(
      task.kind === "export" && task.job.ways["s3://handover/x?region=eu"],
      "s3://handover/x?region=eu&credentials=/var/run/longshore/credentials/destination",
    );
  });

  test("a bucket without a Secret is asked by nobody, whoever the node is", () => {
    const source = "gs://public/data?userProject=x";
    const [variable] = podSpec({ locations: { source, destination: "pvc://team/out" } }).containers[0]!.env;
    const task = taskFrom({ LONGSHORE_JOB: variable?.value });
    assert.equal(
      task.kind === "export" && task.job.ways[source],
      "gs://public/data?userProject=x&anonymous=true",
    );
  });

  test("scratch is limited", () => {
    assert.deepEqual(podSpec().volumes[0], { name: "scratch", emptyDir: { sizeLimit: "10Gi" } });
  });
});

describe("the pod's security", () => {
  const contexts = (over: Partial<WorkerJob>) => {
    const { securityContext, containers } = podSpec(over);
    return { pod: securityContext, container: containers[0]?.securityContext };
  };
  const restricted = {
    allowPrivilegeEscalation: false,
    readOnlyRootFilesystem: true,
    capabilities: { drop: ["ALL"] },
  };
  const seccompProfile = { type: "RuntimeDefault" };
  const group = { fsGroup: 1000, fsGroupChangePolicy: "OnRootMismatch" };

  test("is that of restricted, with a group only where a claim is written", () => {
    assert.deepEqual(contexts({}), {
      pod: { runAsNonRoot: true, ...group, seccompProfile },
      container: restricted,
    });
    const toBucket = { locations: { source: "pvc://team/source", destination: "s3://handover/x" } };
    assert.deepEqual(contexts(toBucket).pod, { runAsNonRoot: true, seccompProfile });
    const own = { runAsUser: 4242, runAsGroup: 77, supplementalGroups: [5], seLinuxOptions: { level: "s0" } };
    assert.deepEqual(contexts(workers({ securityContext: own })).pod, {
      ...own,
      runAsNonRoot: true,
      ...group,
      fsGroup: 77,
      seccompProfile,
    });
  });

  test("has the SELinux level of who uses its claims, unless it is told another", () => {
    const seLinuxOptions = { level: "s0:c1,c2" };
    const level = (over: Parameters<typeof contexts>[0]): unknown =>
      (contexts(over).pod as { readonly seLinuxOptions?: object }).seLinuxOptions;
    assert.deepEqual(level({ seLinuxLevel: seLinuxOptions.level }), seLinuxOptions);
    const told = workers({ securityContext: { seLinuxOptions: { level: "s0" } } });
    assert.deepEqual(level({ ...told, seLinuxLevel: seLinuxOptions.level }), { level: "s0" });
  });

  test("of readAs: Root is user 0, who may read everything and nothing else", () => {
    const { pod, container } = contexts(workers({ readAs: "Root" }));
    assert.deepEqual(pod, { runAsUser: 0, runAsNonRoot: false, ...group, seccompProfile });
    assert.deepEqual(container, {
      ...restricted,
      capabilities: { drop: ["ALL"], add: ["DAC_OVERRIDE"] },
    });
  });

  test("no token, no links to Services, and nothing of the host", () => {
    const spec = podSpec();
    assert.equal(spec.automountServiceAccountToken, false);
    assert.equal(spec.enableServiceLinks, false);
    assert.deepEqual(Object.keys(spec).toSorted(), [
      "automountServiceAccountToken",
      "containers",
      "enableServiceLinks",
      "restartPolicy",
      "securityContext",
      "terminationGracePeriodSeconds",
      "tolerations",
      "volumes",
    ]);
  });
});

describe("where the pod runs", () => {
  const field = { key: "metadata.name", operator: "In", values: ["node-7"] };
  const zone = { matchExpressions: [{ key: "zone", operator: "In" as const, values: ["a"] }] };
  const required = (spec: PodSpec) =>
    spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms;

  test("on the node of a claim in use, by affinity and never past the scheduler", () => {
    const spec = podSpec({ node: "node-7", sharesNode: true });
    assert.deepEqual(required(spec), [{ matchFields: [field] }]);
    assert.equal("nodeName" in spec, false);
  });

  test("there and where the Export asks for", () => {
    const nodeAffinity = {
      requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [zone, {}] },
    };
    const spec = podSpec({ ...workers({ affinity: { nodeAffinity } }), node: "node-7", sharesNode: true });
    assert.deepEqual(required(spec), [{ ...zone, matchFields: [field] }, { matchFields: [field] }]);
  });

  test("packers of a claim that one node can have stay together", () => {
    const indexed = { export: { attempt: 0, options: optionsOf({}), workers: 4 }, sharesNode: true };
    const [term] =
      podSpec(indexed, "pack").affinity?.podAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? [];
    assert.equal(term?.topologyKey, "kubernetes.io/hostname");
    assert.deepEqual(term.labelSelector?.matchLabels, {
      "longshore.dev/export-uid": "uid-1",
      "longshore.dev/stage": "pack",
    });
    assert.equal(podSpec(indexed, "plan").affinity, undefined);
    assert.equal(podSpec({ ...indexed, sharesNode: false }, "pack").affinity, undefined);
  });

  test("a node that is not heard of is left after half a minute, whatever else is borne", () => {
    const spec = podSpec(workers({ tolerations: [{ key: "gpu", operator: "Exists" }] }));
    assert.deepEqual(spec.tolerations, [
      { key: "gpu", operator: "Exists" },
      ...["not-ready", "unreachable"].map((state) => ({
        key: `node.kubernetes.io/${state}`,
        operator: "Exists",
        effect: "NoExecute",
        tolerationSeconds: 30,
      })),
    ]);
  });
});

test("what an Export may ask for comes into the pod, and its labels never replace ours", () => {
  const asked = {
    resources: { limits: { memory: "1Gi" } },
    nodeSelector: { disk: "ssd" },
    priorityClassName: "low",
    runtimeClassName: "gvisor",
    imagePullSecrets: [{ name: "registry" }],
    topologySpreadConstraints: [
      { maxSkew: 1, topologyKey: "zone", whenUnsatisfiable: "DoNotSchedule" as const },
    ],
    labels: { team: "a", "app.kubernetes.io/name": "other" },
    annotations: { note: "x" },
  };
  const { template } = jobManifest(workerJob(workers(asked)), settings, "all").spec;
  const { spec, metadata } = template;
  assert.deepEqual(spec.containers[0]?.resources, asked.resources);
  for (const member of [
    "nodeSelector",
    "priorityClassName",
    "runtimeClassName",
    "imagePullSecrets",
    "topologySpreadConstraints",
  ] as const)
    assert.deepEqual(spec[member], asked[member]);
  assert.equal(metadata.labels?.["team"], "a");
  assert.equal(metadata.labels?.["app.kubernetes.io/name"], "longshore");
  assert.equal(metadata.annotations?.["note"], "x");
});

test("the pod that is tried out is that of the Job", () => {
  const job = jobManifest(workerJob(), settings, "all");
  const pod = podOf(job);
  assert.deepEqual(pod.spec, job.spec.template.spec);
  assert.deepEqual(pod.metadata.ownerReferences, job.metadata.ownerReferences);
  assert.notEqual(pod.metadata.name, job.metadata.name);
});

describe("a Job's digest of its spec", () => {
  const digestOf = (over: Partial<WorkerJob> = {}, image = "longshore:dev"): string =>
    jobManifest(workerJob(over), { image }, "pack").metadata.annotations?.["longshore.dev/spec-digest"] ?? "";

  test("is the same for the same", () => {
    assert.match(digestOf(), /^[0-9a-f]{16}$/);
    assert.equal(digestOf(), digestOf());
  });

  const others: Record<string, string> = {
    "other workers": digestOf(workers({ nodeSelector: { disk: "ssd" } })),
    "more workers": digestOf({ export: { attempt: 0, options: optionsOf({}), workers: 3 } }),
    "another attempt": digestOf({ export: { attempt: 1, options: optionsOf({}), workers: undefined } }),
    "another image": digestOf({}, "longshore:next"),
    "a claim that is bound to a node": digestOf({ node: "node1", sharesNode: true }),
  };
  for (const [what, digest] of Object.entries(others))
    test(`is another for ${what}`, () => assert.notEqual(digest, digestOf()));
});
