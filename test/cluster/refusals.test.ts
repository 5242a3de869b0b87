/** What keeps an export of a real cluster from running: people see it within seconds, and it goes on when it is mended. */
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { after, before, describe, test } from "node:test";
import { limitRanges, namespaces, nodes, quotas } from "../../src/cluster/jobs/objects.ts";
import type { KubeObject, KubeResource } from "../../src/cluster/kube-api.ts";
import { apiVersion, type Export } from "../../src/domain/resources/resource.ts";
import { expectExit } from "../fixtures/run.ts";
import {
  type ExportNamespace,
  type ExportNamespaceOptions,
  fill,
  noExports,
  openExportNamespace,
} from "./export-namespace.ts";
import { messageOf, reasonOf, statusOf } from "./exports.ts";
import { imageAlias } from "./image.ts";
import { runtimeClasses } from "./core-kinds.ts";
import { kubectl } from "./kubectl.ts";
import { unreachableWebhook } from "./unreachable-webhook.ts";

/** Milliseconds until people see why. */
const soon = 60_000;
const { signal } = new AbortController();
const key = randomUUID().slice(0, 8);
/** Nobody is there to be asked for it, and no DNS for where that is. */
const nowhere = `127.0.0.1:1/longshore:nowhere-${key}`;

interface Refusal {
  readonly reason: string | RegExp;
  readonly message: RegExp;
  /** Milliseconds until people see why, where there is work before; `soon` unless said. */
  readonly within?: number;
  readonly spec?: object;
  readonly space?: keyof typeof spaces;
  /** What is wrong, if the spec alone is not. */
  readonly cause?: (space: ExportNamespace) => Promise<unknown>;
  readonly mend: (space: ExportNamespace, name: string) => Promise<unknown>;
  /** How it shows that it went on; its success unless said. */
  readonly goesOn?: (now: Export) => boolean;
}

const spaces = {
  restricted: { prefix: "d-refused" },
  // Opened to workers that are root, but for Pod Security.
  opened: { prefix: "d-refused", annotations: { "longshore.dev/privileged-workers": "true" } },
  "few Jobs": { prefix: "d-refused" },
  "without an image": { prefix: "d-refused", workerImage: nowhere },
} satisfies Record<string, ExportNamespaceOptions>;

const make =
  (resource: KubeResource, spec: object) =>
  ({ cluster, name: namespace }: ExportNamespace): Promise<KubeObject> =>
    cluster.api.create(
      resource,
      {
        apiVersion: "v1",
        kind: resource.kind,
        metadata: { name: "refusing", namespace },
        spec,
      } as KubeObject,
      {},
      signal,
    );
const unmake =
  (resource: KubeResource) =>
  ({ cluster, name: namespace }: ExportNamespace): Promise<void> =>
    cluster.api.delete(resource, { namespace, name: "refusing" }, {}, signal);
const changeNamespace =
  (metadata: object) =>
  ({ cluster, name }: ExportNamespace): Promise<KubeObject> =>
    cluster.api.patch(namespaces, { name }, { metadata }, {}, signal);
const label =
  (value: string | null) =>
  async ({ cluster }: ExportNamespace): Promise<void> => {
    const { items } = await cluster.api.list(nodes, {}, signal);
    for (const { metadata } of items)
      await cluster.api.patch(nodes, metadata, { metadata: { labels: { [nodeLabel]: value } } }, {}, signal);
  };
const nodeLabel = `longshore.dev/test-${key}`;
const asRoot = { workers: { readAs: "Root" } };
const bucket = {
  url: "s3://handover/x?region=eu&endpoint=http://127.0.0.1:9",
  credentialsSecretRef: { name: "keys" },
};

const indexed = { workers: { mode: "Indexed", count: 2 } };
const noHandler = `nobody-${key}`;
const runtimeClass = {
  apiVersion: "node.k8s.io/v1",
  kind: runtimeClasses.kind,
  metadata: { name: noHandler },
  handler: "nobody",
};
let unreachable: AsyncDisposable | undefined;
const webhook = async ({ cluster, name }: ExportNamespace): Promise<void> => {
  unreachable = await unreachableWebhook(cluster, name);
};
const noWebhook = async (): Promise<void> => unreachable?.[Symbol.asyncDispose]();

const refusals: Record<string, Refusal> = {
  "a quota of pods": {
    cause: make(quotas, { hard: { pods: "0" } }),
    reason: "PodRefused",
    message: /exceeded quota: refusing, requested: pods=1/,
    mend: unmake(quotas),
  },
  "a quota of memory limits": {
    cause: make(quotas, { hard: { "limits.memory": "1Gi" } }),
    reason: "PodRefused",
    message: /failed quota: refusing: must specify limits\.memory for: worker/,
    mend: unmake(quotas),
  },
  "a LimitRange": {
    cause: make(limitRanges, {
      limits: [{ type: "Container", max: { memory: "64Mi" }, default: { memory: "32Mi" } }],
    }),
    reason: "PodRefused",
    message: /must be less than or equal to memory limit of 32Mi/,
    mend: unmake(limitRanges),
  },
  "reading as root in a namespace that is not opened to it": {
    spec: asRoot,
    reason: "PodRefused",
    message: /readAs: Root needs the annotation longshore\.dev\/privileged-workers: "true"/,
    mend: changeNamespace({
      annotations: { "longshore.dev/privileged-workers": "true" },
      labels: { "pod-security.kubernetes.io/enforce": "baseline" },
    }),
  },
  "Pod Security against reading as root": {
    space: "opened",
    spec: asRoot,
    reason: "PodRefused",
    message: /violates PodSecurity "restricted:latest".*DAC_OVERRIDE/,
    mend: changeNamespace({ labels: { "pod-security.kubernetes.io/enforce": "baseline" } }),
  },
  "a quota of Jobs, which the first one takes up": {
    space: "few Jobs",
    within: 60_000,
    spec: indexed,
    cause: make(quotas, { hard: { "count/jobs.batch": "1" } }),
    reason: "PodRefused",
    message: /exceeded quota: refusing, requested: count\/jobs\.batch=1/,
    mend: unmake(quotas),
  },
  "a webhook that can't be reached": {
    cause: webhook,
    reason: "PodRefused",
    message: /failed calling webhook.*connection refused/,
    mend: noWebhook,
  },
  "a node that can't run its RuntimeClass": {
    spec: { workers: { runtimeClassName: noHandler } },
    cause: (space) => space.cluster.api.create(runtimeClasses, runtimeClass, {}, signal),
    reason: "FailedCreatePodSandBox",
    message: /no runtime for "nobody"/,
    mend: async (space, name) => {
      await space.cluster.api.delete(runtimeClasses, { name: noHandler }, {}, signal);
      await space.patch(name, { workers: { runtimeClassName: null } });
    },
  },
  "a claim to read that is missing": {
    spec: { source: { volume: { claimName: "later" } } },
    reason: "Unschedulable",
    message: /persistentvolumeclaim "later" not found/,
    mend: async ({ volumes }) => fill(join(await volumes.add("later"), "x"), 2, 10),
  },
  "a claim to write that is missing": {
    spec: { destination: { volume: { claimName: "there-later" } } },
    reason: "Unschedulable",
    message: /persistentvolumeclaim "there-later" not found/,
    mend: ({ volumes }) => volumes.add("there-later"),
  },
  "a missing Secret": {
    spec: { destination: { bucket } },
    reason: "FailedMount",
    message: /secret "keys" not found/,
    mend: (space) => space.secret("keys", {}),
    // There is no such bucket.
    goesOn: (now) => now.status?.failures !== undefined,
  },
  "a node that nobody is": {
    spec: { workers: { nodeSelector: { [nodeLabel]: "yes" } } },
    reason: "Unschedulable",
    message: /didn't match Pod's node affinity\/selector/,
    mend: label("yes"),
  },
  "more processors than a node has": {
    spec: { workers: { resources: { requests: { cpu: 900 } } } },
    reason: "Unschedulable",
    message: /Insufficient cpu/,
    mend: (space, name) => space.patch(name, { workers: { resources: { requests: { cpu: "10m" } } } }),
  },
  "an image that is nowhere": {
    space: "without an image",
    reason: /^(ErrImagePull|ImagePullBackOff)$/,
    message: new RegExp(nowhere),
    mend: ({ image }) => imageAlias(image, nowhere),
  },
};

describe("what keeps exports of a cluster from running", { skip: noExports, timeout: 900_000 }, () => {
  const open = new Map<string, ExportNamespace>();
  before(async () => {
    for (const [name, options] of Object.entries(spaces)) {
      const space = await openExportNamespace(options);
      open.set(name, space);
      fill(join(await space.volumes.add("source"), "data"), 5, 100);
      await space.volumes.add("out");
    }
  });
  after(async () => {
    const [first] = open.values();
    if (first !== undefined) await label(null)(first);
    for (const space of open.values()) await space[Symbol.asyncDispose]();
  });

  for (const [index, [what, refusal]] of Object.entries(refusals).entries())
    test(`${what}: it is shown, and the export goes on when that is mended`, async () => {
      const space = open.get(refusal.space ?? "restricted") ?? assert.fail();
      const { reason, message, within = soon, goesOn = (now) => statusOf(now) === "True" } = refusal;
      const name = `refused-${index}`;
      await refusal.cause?.(space);
      const began = performance.now();
      await space.create(name, {
        source: { volume: { claimName: "source", path: "data" } },
        destination: { volume: { claimName: "out", path: "exports" } },
        ...refusal.spec,
      });
      const isShown = (now: Export | undefined): boolean =>
        now !== undefined &&
        (typeof reason === "string" ? reasonOf(now) === reason : reason.test(reasonOf(now))) &&
        message.test(messageOf(now));
      const seen = await space.becomes(name, isShown);
      const shownAfter = performance.now() - began;
      const said = async (...args: readonly string[]): Promise<string> =>
        expectExit(await kubectl(space.cluster, [...args, "-n", space.name]), 0).stdout.toString();
      // One that has two names may have got the other meanwhile.
      const shown = typeof reason === "string" ? reason : reason.source.replaceAll(/[$^]/g, "");
      assert.match(await said("get", "exp", name), new RegExp(`^${name} +${shown} `, "m"));
      assert.match((await said("describe", "export", name)).replaceAll(/\s+/g, " "), message);
      assert.ok(shownAfter < within, `it took ${Math.round(shownAfter)} ms to show`);
      const mending = performance.now();
      const mended = await refusal.mend(space, name);
      const went = await space.becomes(
        name,
        (now) => now !== undefined && (goesOn(now) || statusOf(now) !== "Unknown"),
      );
      if (isDisposable(mended)) await mended[Symbol.asyncDispose]();
      assert.ok(went !== undefined && goesOn(went), JSON.stringify(went?.status));
      const wentAfter = performance.now() - mending;
      console.log(
        `${what}: ${reasonOf(seen)} after ${seconds(shownAfter)}, went on within ${seconds(wentAfter)}: ${messageOf(seen)}`,
      );
    });

  test("a url that only the operator can refuse ends the export, and is told of by a destination", async () => {
    const space = open.get("restricted") ?? assert.fail();
    const bad = { bucket: { url: "s3://handover/%FF" } };
    const source = { volume: { claimName: "source", path: "data" } };
    await space.create("unruly", { source, destination: bad });
    const fault = /destination\.bucket\.url: .*begins no escape of UTF-8/;
    const ended = await space.ended("unruly");
    assert.equal(`${statusOf(ended)} ${reasonOf(ended)}`, "False InvalidDocument");
    assert.match(messageOf(ended), fault);
    const destination = { apiVersion, kind: "ExportDestination", metadata: { name: "unruly" }, spec: bad };
    const made = ["create", "-n", space.name, "-f", "-"];
    expectExit(await kubectl(space.cluster, made, JSON.stringify(destination)), 0);
    const told = ["wait", "--for=condition=Ready=false", "exportdestination/unruly", "--timeout=20s"];
    expectExit(await kubectl(space.cluster, [...told, "-n", space.name]), 0);
    await space.create("by-destination", { source, destination: { name: "unruly" } });
    const led = await space.ended("by-destination");
    assert.equal(`${statusOf(led)} ${reasonOf(led)}`, "False InvalidDocument");
    assert.match(messageOf(led), /ExportDestination unruly: spec\.bucket\.url: /);
  });
});

const seconds = (milliseconds: number): string => `${(milliseconds / 1000).toFixed(1)} s`;
const isDisposable = (value: unknown): value is AsyncDisposable =>
  typeof value === "object" && value !== null && Symbol.asyncDispose in value;
