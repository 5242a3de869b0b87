/** `kubectl delete export` at every stage of a real cluster's exports: they go, nothing of them is left, and none is stuck. */
import assert from "node:assert/strict";
import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { after, before, describe, test } from "node:test";
import { DeleteBucketCommand, S3Client } from "@aws-sdk/client-s3";
import {
  type ClusterEvent,
  events,
  type Job,
  jobs,
  namespaces,
  type Pod,
  quotas,
} from "../../src/cluster/jobs/objects.ts";
import type { KubeObject } from "../../src/cluster/kube-api.ts";
import { resourceOf } from "../../src/cluster/store/kube-document.ts";
import type { Export } from "../../src/domain/resources/resource.ts";
import { keysOf } from "../conformance/store-place.ts";
import { openStore, s3Location } from "../fixtures/buckets.ts";
import { expectExit } from "../fixtures/run.ts";
import { missingSwift, type S3Server, startSwift } from "../servers/swift.ts";
import {
  type ExportNamespace,
  fill,
  noExports,
  openExportNamespace,
  phaseOf,
  stageOf,
} from "./export-namespace.ts";
import { messageOf, reasonOf, statusOf } from "./exports.ts";
import { kubectl } from "./kubectl.ts";
import { unreachableWebhook } from "./unreachable-webhook.ts";
import { seenFromPods } from "./seen-from-pods.ts";

/** Seconds in which an export has to be gone; a pod that is told to end may take half of it. */
const bound = 60;
const { signal } = new AbortController();
const indexed = { workers: { mode: "Indexed", count: 3 } };
const small = { source: { volume: { claimName: "source", path: "small" } } };

/** Brings the export of this name and uid to a stage. */
type Until = (space: ExportNamespace, name: string, uid: string) => Promise<unknown>;

interface Stage {
  readonly spec?: object;
  readonly until: Until;
  /** Whether its data is left where it is. */
  readonly leaves?: boolean;
  /** Whether people are warned that there may be some where nobody can look any more. */
  readonly warns?: boolean;
}

const becomes =
  (isWanted: (now: Export) => boolean): Until =>
  (space, name) =>
    space.becomes(name, (now) => now !== undefined && isWanted(now));
const says = (reason: string): Until => becomes((now) => reasonOf(now) === reason);
const ends = (status: string): Until => becomes((now) => statusOf(now) === status);
const works = (stage: string): Until => {
  const isWanted = (pod: Pod): boolean => stageOf(pod) === stage && phaseOf(pod) === "Running";
  return (space, _name, uid) => space.podsBecome(uid, (pods) => pods.some(isWanted));
};
/** A stage that is short may never be seen while it runs. */
const began = (stage: string): Until => {
  const isWanted = (pod: Pod): boolean => stageOf(pod) === stage;
  return (space, _name, uid) => space.podsBecome(uid, (pods) => pods.some(isWanted));
};
const suspended: Until = async (space, name, uid) => {
  await works("pack")(space, name, uid);
  await space.patch(name, { suspend: true });
  await says("Suspended")(space, name, uid);
};
const canceled: Until = async (space, name, uid) => {
  await works("pack")(space, name, uid);
  await space.patch(name, { cancel: true });
  await ends("False")(space, name, uid);
};

const stages: Record<string, Stage> = {
  "at once": { until: async () => undefined },
  "waiting for its ExportDestination": {
    spec: { destination: { name: "nope" } },
    until: says("DestinationMissing"),
  },
  "waiting for the claim that it reads": {
    spec: { source: { volume: { claimName: "nope" } } },
    until: says("Unschedulable"),
  },
  "waiting for the claim that it writes": {
    spec: { destination: { volume: { claimName: "nope" } } },
    until: says("Unschedulable"),
  },
  "waiting for its Secret": {
    spec: {
      destination: { bucket: { url: "s3://handover/x?region=eu", credentialsSecretRef: { name: "nope" } } },
    },
    until: says("FailedMount"),
    warns: true,
  },
  refused: { spec: { workers: { readAs: "Root" } }, until: says("PodRefused") },
  planning: { spec: indexed, until: began("plan") },
  "packing by one worker": { until: works("all") },
  "packing by several": { spec: indexed, until: works("pack") },
  finalizing: { spec: { ...small, ...indexed }, until: began("finalize") },
  suspended: { spec: indexed, until: suspended },
  "when it succeeded": { spec: small, until: ends("True") },
  "when it failed": {
    spec: { source: { volume: { claimName: "source", path: "none" } } },
    until: ends("False"),
  },
  "when it was cancelled": { spec: indexed, until: canceled },
  "packing, to be retained": {
    spec: { ...indexed, deletionPolicy: "Retain" },
    until: works("pack"),
    leaves: true,
  },
  "when it succeeded, to be retained": {
    spec: { ...small, deletionPolicy: "Retain" },
    until: ends("True"),
    leaves: true,
  },
};

describe("exports of a cluster that are deleted", { skip: noExports, timeout: 1_200_000 }, () => {
  let space: ExportNamespace;
  let out: string;
  before(async () => {
    space = await openExportNamespace({ prefix: "d-deleted" });
    fillSource(await space.volumes.add("source"));
    out = await space.volumes.add("out");
  });
  after(() => space?.[Symbol.asyncDispose]());

  const create = async (name: string, over: object = {}): Promise<string> =>
    (await space.create(name, specOf(over))).metadata.uid;
  const folderOf = (name: string): string => join(out, "exports", space.name, name);

  for (const [index, [stage, { spec, until, leaves = false, warns = false }]] of Object.entries(
    stages,
  ).entries())
    test(`${stage}`, async () => {
      const name = `stage-${index}`;
      const uid = await create(name, spec);
      await until(space, name, uid);
      if (leaves) await space.becomes(name, (now) => now?.metadata.finalizers === undefined);
      const took = await deleted(space, name);
      await nothingWorks(space, uid);
      assert.equal(existsSync(folderOf(name)), leaves);
      assert.equal((await leftBehind(space, name)).includes("DataLeftBehind"), warns);
      console.log(`deleted ${stage}: gone after ${took}`);
    });

  const quota = (pods: string): object => ({
    apiVersion: "v1",
    kind: "ResourceQuota",
    metadata: { name: "full", namespace: space.name },
    spec: { hard: { pods } },
  });
  const setQuota = (pods: string): Promise<KubeObject> =>
    space.cluster.api.apply(quotas, quota(pods) as KubeObject, { fieldManager: "test" }, signal);
  const noQuota = (): Promise<void> =>
    space.cluster.api.delete(quotas, { namespace: space.name, name: "full" }, {}, signal);

  test("never let in by a quota, it goes at once, whoever leads then", async () => {
    await setQuota("0");
    try {
      await create("never", small);
      const refused = await space.becomes("never", (now) => reasonOf(now) === "PodRefused");
      assert.deepEqual([refused?.status?.location, refused?.metadata.finalizers], [undefined, undefined]);
      await space.restartOperator();
      console.log(`deleted, never let in: gone after ${await deleted(space, "never")}`);
    } finally {
      await noQuota();
    }
    assert.doesNotMatch(await leftBehind(space, "never"), /DataLeftBehind/);
  });

  test("while a quota lets no pod in, it says so, and goes when it may", async () => {
    const uid = await create("full");
    await works("all")(space, "full", uid);
    await setQuota("0");
    try {
      await space.remove("full");
      const waits = await space.becomes("full", (now) => /waits for its removal/.test(messageOf(now)));
      assert.equal(reasonOf(waits), "Deleting");
      assert.match(messageOf(waits), /exceeded quota: full.*deletionPolicy Retain leaves the data/);
      console.log(`deleted while nothing is let in: ${messageOf(waits)}`);
    } finally {
      await noQuota();
    }
    await space.becomes("full", (now) => now === undefined);
    assert.equal(existsSync(folderOf("full")), false);
  });

  test("while a webhook that has to be asked can't be reached, it says so, and goes when it may", async () => {
    const uid = await create("unasked", small);
    await ends("True")(space, "unasked", uid);
    {
      await using _webhook = await unreachableWebhook(space.cluster, space.name);
      await space.remove("unasked");
      const waits = await space.becomes("unasked", (now) => /waits for its removal/.test(messageOf(now)));
      assert.match(messageOf(waits), /failed calling webhook/);
    }
    await space.becomes("unasked", (now) => now === undefined);
    assert.equal(existsSync(folderOf("unasked")), false);
  });

  /** Its worker did its work, and now no node is as `workers` asks for. */
  async function stuck(name: string): Promise<Job> {
    const uid = await create(name, small);
    await ends("True")(space, name, uid);
    await space.patch(name, { workers: { nodeSelector: { "longshore.dev/test": "none" } } });
    await space.remove(name);
    const waits = await space.becomes(name, (now) => /waits for its removal/.test(messageOf(now)));
    assert.match(messageOf(waits), /didn't match Pod's node affinity\/selector/);
    const found = await space.jobsBecome(uid, (now) => now.some((job) => stageOf(job) === "cleanup"));
    const cleanup = found.find((job) => stageOf(job) === "cleanup") ?? assert.fail();
    assert.equal(cleanup.spec.activeDeadlineSeconds, 600);
    return cleanup;
  }

  test("while no node takes the pod that cleans up, it says so, and Retain lets it go", async () => {
    await stuck("unschedulable");
    await space.patch("unschedulable", { deletionPolicy: "Retain" });
    console.log(`retained after all: gone after ${await gone(space, "unschedulable", performance.now())}`);
    assert.ok(existsSync(folderOf("unschedulable")));
  });

  test("when the time to clean up is over, it goes, and people are told what stays behind", async () => {
    const { metadata } = await stuck("overdue");
    // Nobody has to wait ten minutes here.
    const patch = { spec: { activeDeadlineSeconds: 5 } };
    await space.cluster.api.patch(jobs, metadata, patch, {}, signal);
    console.log(`over its deadline: gone after ${await gone(space, "overdue", performance.now())}`);
    assert.match(await leftBehind(space, "overdue"), /DataLeftBehind.*deadline.*didn't match/);
    assert.ok(existsSync(folderOf("overdue")));
  });

  test("its claim gone, it goes, and people are told what stays behind", async () => {
    const lost = await space.volumes.add("lost");
    const uid = await create("orphan", { ...small, destination: { volume: { claimName: "lost" } } });
    await ends("True")(space, "orphan", uid);
    expectExit(await kubectl(space.cluster, ["delete", "jobs", "--all", "-n", space.name]), 0);
    expectExit(await kubectl(space.cluster, ["delete", "pvc", "lost", "-n", space.name]), 0);
    console.log(`deleted without its claim: gone after ${await deleted(space, "orphan")}`);
    assert.match(await leftBehind(space, "orphan"), /is left behind: the claim lost is/);
    assert.ok(existsSync(join(lost, space.name, "orphan")));
  });

  test("its ExportDestination gone, it goes with its data", async () => {
    const kind = resourceOf("ExportDestination");
    const key = { namespace: space.name, name: "handover" };
    const spec = { volume: { claimName: "out", path: "exports" } };
    const document = { apiVersion: "longshore.dev/v1alpha1", kind: "ExportDestination", metadata: key, spec };
    await space.cluster.api.create(kind, document, {}, signal);
    const uid = await create("homeless", { ...small, destination: { name: "handover" } });
    await ends("True")(space, "homeless", uid);
    await space.cluster.api.delete(kind, key, {}, signal);
    await deleted(space, "homeless");
    assert.equal(existsSync(folderOf("homeless")), false);
  });

  test("its folder removed by hand, it goes", async () => {
    const uid = await create("emptied", small);
    await ends("True")(space, "emptied", uid);
    rmSync(folderOf("emptied"), { recursive: true });
    await deleted(space, "emptied");
    assert.doesNotMatch(await leftBehind(space, "emptied"), /DataLeftBehind/);
  });

  for (const [stage, { spec = {}, until }] of Object.entries({
    packing: { until: works("all") },
    "packing by several": { spec: indexed, until: works("pack") },
    suspended: { spec: indexed, until: suspended },
    "with what succeeded": { spec: small, until: ends("True") },
  } satisfies Record<string, Stage>))
    test(`with its namespace, ${stage}`, async () => {
      await using other = await openExportNamespace({ prefix: "d-deleted" });
      fillSource(await other.volumes.add("source"));
      await other.volumes.add("out");
      const { metadata } = await other.create("going", specOf(spec));
      await until(other, "going", metadata.uid);
      const began = performance.now();
      await other.cluster.api.delete(namespaces, { name: other.name }, {}, signal);
      const args = ["wait", "--for=delete", `namespace/${other.name}`, "--timeout=120s"];
      expectExit(await kubectl(other.cluster, args), 0);
      console.log(`namespace with an export ${stage}: gone after ${secondsSince(began)}`);
    });

  describe("to buckets", { skip: missingSwift() }, () => {
    let server: S3Server;
    let seen: Awaited<ReturnType<typeof seenFromPods>>;
    before(async () => {
      server = await startSwift();
      await server.createBucket("exports");
      seen = await seenFromPods(server.endpoint, space.cluster.api);
      await secret("keys");
    });
    after(async () => {
      await seen?.[Symbol.asyncDispose]();
      await server?.[Symbol.asyncDispose]();
    });

    const secret = (name: string): Promise<void> => {
      const { AWS_ACCESS_KEY_ID = "", AWS_SECRET_ACCESS_KEY = "" } = server.env;
      return space.secret(name, { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY });
    };
    const toBucket = (name = "keys", bucket = "exports"): object => ({
      destination: {
        bucket: {
          url: s3Location({ ...server, endpoint: seen.endpoint }, "out").replace(
            "//exports/",
            `//${bucket}/`,
          ),
          credentialsSecretRef: { name },
        },
      },
    });
    async function expectEmpty(): Promise<void> {
      const store = openStore(server, s3Location(server, "out"));
      assert.deepEqual(await keysOf(store, "out/"), []);
      assert.deepEqual(await store.multipart?.uploads("out/", signal), []);
    }
    const uploadsOf = async (name: string): Promise<number> => {
      const { multipart } = openStore(server, s3Location(server, "out"));
      return (await multipart?.uploads(`out/${space.name}/${name}/`, signal))?.length ?? 0;
    };
    const sends: Until = async (_space, name) => {
      // It is begun with the first part that is sent, and nobody tells of that.
      while ((await uploadsOf(name)) === 0) assert.ok(await isUnfinished(name), `${name} is sent already`);
    };
    const isUnfinished = async (name: string): Promise<boolean> =>
      statusOf(await space.becomes(name, (now) => now !== undefined)) === "Unknown";

    for (const [stage, { spec = {}, until }] of Object.entries({
      "while one worker sends it": { until: sends },
      "while several send it": { spec: indexed, until: sends },
      "suspended while several send it": {
        spec: indexed,
        until: async (at, name, uid) => {
          await sends(at, name, uid);
          await at.patch(name, { suspend: true });
          await says("Suspended")(at, name, uid);
          assert.equal(await uploadsOf(name), 1, "what is sent is kept");
        },
      },
      "when it succeeded": { spec: small, until: ends("True") },
    } satisfies Record<string, Stage>))
      test(`${stage}: no object and no upload is left`, async () => {
        const name = `bucket-${stage.replaceAll(" ", "-")}`;
        const uid = await create(name, { partSize: "6Mi", ...spec, ...toBucket() });
        await until(space, name, uid);
        console.log(`in a bucket, ${stage}: gone after ${await deleted(space, name)}`);
        await nothingWorks(space, uid);
        await expectEmpty();
      });

    test("its Secret gone, it goes at once, and people are told what stays behind", async () => {
      await secret("short-lived");
      const uid = await create("keyless", { ...small, ...toBucket("short-lived") });
      await ends("True")(space, "keyless", uid);
      expectExit(await kubectl(space.cluster, ["delete", "secret", "short-lived", "-n", space.name]), 0);
      console.log(`deleted without its Secret: gone after ${await deleted(space, "keyless")}`);
      assert.match(await leftBehind(space, "keyless"), /left behind:.*secret "short-lived" not found/);
    });

    test("its bucket gone, it goes, and nobody is told of data that went with that", async () => {
      await server.createBucket("doomed");
      const uid = await create("bucketless", { ...small, ...toBucket("keys", "doomed") });
      await ends("True")(space, "bucketless", uid);
      await removeBucket(server, "doomed");
      console.log(`deleted without its bucket: gone after ${await deleted(space, "bucketless")}`);
      assert.doesNotMatch(await leftBehind(space, "bucketless"), /DataLeftBehind/);
    });
  });
});

const specOf = (over: object): object => ({
  source: { volume: { claimName: "source", path: "large" } },
  destination: { volume: { claimName: "out", path: "exports" } },
  partSize: "2Mi",
  compressionLevel: 19,
  ...over,
});

function fillSource(folder: string): void {
  fill(join(folder, "large"), 48, 2 ** 20);
  fill(join(folder, "small"), 5, 100);
}

/** Deletes it and waits for that, as `kubectl delete` does; says how long it took. */
async function deleted(space: ExportNamespace, name: string): Promise<string> {
  const began = performance.now();
  await space.remove(name);
  return gone(space, name, began);
}

async function gone(space: ExportNamespace, name: string, since: number): Promise<string> {
  const args = ["wait", "--for=delete", `export/${name}`, "-n", space.name, `--timeout=${bound}s`];
  expectExit(await kubectl(space.cluster, args), 0);
  return secondsSince(since);
}

async function nothingWorks(space: ExportNamespace, uid: string): Promise<void> {
  await space.jobsBecome(uid, (found) => found.length === 0);
  await space.podsBecome(uid, (found) => found.length === 0);
}

/** What Events say of it, as text; those of the operator are written before it goes. */
async function leftBehind({ cluster, name: namespace }: ExportNamespace, name: string): Promise<string> {
  const query = { namespace, fieldSelector: `involvedObject.name=${name}` };
  const { items } = await cluster.api.list<ClusterEvent>(events, query, signal);
  return items.map(({ reason, message }) => `${reason}: ${message}`).join("\n");
}

async function removeBucket(server: S3Server, bucket: string): Promise<void> {
  const store = openStore(server, s3Location(server, "").replace("//exports/", `//${bucket}/`));
  for (const key of await keysOf(store, "")) await store.remove([key], signal);
  const { endpoint, region, accessKeyId, secretAccessKey } = server;
  const client = new S3Client({
    endpoint,
    region,
    forcePathStyle: true,
    credentials: { accessKeyId, secretAccessKey },
  });
  await client.send(new DeleteBucketCommand({ Bucket: bucket }));
  client.destroy();
}

const secondsSince = (began: number): string => `${((performance.now() - began) / 1000).toFixed(1)} s`;
