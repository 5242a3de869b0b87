/** Workers whose places tie them down: buckets with credentials from a Secret, and claims that one node has at a time. */
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { createServer, connect, type AddressInfo } from "node:net";
import { once } from "node:events";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import type { KubeObject, KubeResource } from "../../src/cluster/kube-api.ts";
import { nodes, type Pod, pods } from "../../src/cluster/jobs/objects.ts";
import { prepareWorker } from "../../src/cluster/jobs/prepare-worker.ts";
import { kubeExportStore } from "../../src/cluster/store/kube-export-store.ts";
import { s3Location, testBucket } from "../fixtures/buckets.ts";
import { expectExit, longshore } from "../fixtures/run.ts";
import { missingSwift, type S3Server, startSwift } from "../servers/swift.ts";
import { noCluster, openTestCluster, type TestCluster, type TestNamespace } from "./cluster.ts";
import { installDefinitions } from "./crds.ts";
import { exportBecomes, exports as exportKind, messageOf, reasonOf, statusOf } from "./exports.ts";
import { noNode, testImage } from "./image.ts";
import { startOperator, type TestOperator } from "./operator-process.ts";
import { type TestVolumes, testVolumes } from "./volumes.ts";

const { signal } = new AbortController();
const secrets: KubeResource = {
  group: "",
  version: "v1",
  plural: "secrets",
  kind: "Secret",
  namespaced: true,
};

describe("places of exports in a cluster", { skip: noCluster || noNode, timeout: 600_000 }, () => {
  let cluster: TestCluster;
  let space: TestNamespace;
  let volumes: TestVolumes;
  let image: string;
  let operator: TestOperator;
  before(async () => {
    cluster = await openTestCluster();
    image = await testImage();
    await installDefinitions(cluster.api, signal);
    space = await cluster.namespace("c-places", { "pod-security.kubernetes.io/enforce": "restricted" });
    volumes = testVolumes(cluster, space.name);
    const source = await volumes.add("source");
    mkdirSync(join(source, "data"));
    for (let i = 0; i < 50; i++) writeFileSync(join(source, "data", `${i}`), `file ${i}`);
    operator = startOperator(cluster, { image, namespace: space.name });
  });
  after(async () => {
    await space?.[Symbol.asyncDispose]();
    await operator?.[Symbol.asyncDispose]();
    await volumes?.[Symbol.asyncDispose]();
    await cluster?.[Symbol.asyncDispose]();
  });

  const create = async (name: string, spec: object): Promise<KubeObject> => {
    const metadata = { name, namespace: space.name };
    const source = { volume: { claimName: "source", path: "data" } };
    const document = {
      apiVersion: "longshore.dev/v1alpha1",
      kind: "Export",
      metadata,
      spec: { source, ...spec },
    };
    return cluster.api.create(exportKind, document as KubeObject, {}, signal);
  };
  const ended = (name: string) =>
    exportBecomes(
      cluster.api,
      { namespace: space.name, name },
      (now) => now !== undefined && statusOf(now) !== "Unknown",
    );
  const secret = (name: string, stringData: object): Promise<KubeObject> =>
    cluster.api.create(
      secrets,
      {
        apiVersion: "v1",
        kind: "Secret",
        metadata: { name, namespace: space.name },
        stringData,
      } as KubeObject,
      {},
      signal,
    );

  for (const mode of ["Sequential", "Indexed"])
    test(`a bucket by a Secret of the namespace, ${mode}`, { skip: missingSwift() }, async () => {
      await using server = await startSwift();
      await server.createBucket(testBucket);
      await using seen = await seenFromPods(server, await nodeAddress());
      const [name, keys] = [`bucket-${mode.toLowerCase()}`, `keys-${mode.toLowerCase()}`];
      const { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY } = server.env;
      await secret(keys, { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY });
      const url = s3Location({ ...server, endpoint: seen.endpoint }, "handover");
      const bucket = { url, credentialsSecretRef: { name: keys } };
      await create(name, { destination: { bucket }, workers: { mode, count: 2 } });
      const done = await ended(name);
      assert.equal(statusOf(done), "True", JSON.stringify(done?.status));
      assert.doesNotMatch(JSON.stringify(done), new RegExp(server.secretAccessKey));
      const location = s3Location(server, `handover/${space.name}/${name}`);
      expectExit(await longshore(["verify", location], { env: { ...server.env } }), 0);

      await cluster.api.delete(exportKind, { namespace: space.name, name }, {}, signal);
      await exportBecomes(cluster.api, { namespace: space.name, name }, (now) => now === undefined);
      const gone = await longshore(["verify", location], { env: { ...server.env } });
      assert.match(gone.stderr, /holds no export/);
    });

  test(
    "a wrong key is a failure that names the bucket, and nothing is tried again",
    { skip: missingSwift() },
    async () => {
      await using server = await startSwift();
      await server.createBucket(testBucket);
      await using seen = await seenFromPods(server, await nodeAddress());
      await secret("wrong", { AWS_ACCESS_KEY_ID: "test:tester", AWS_SECRET_ACCESS_KEY: "a-wrong-secret" });
      const url = s3Location({ ...server, endpoint: seen.endpoint }, "handover");
      await create("wrong", {
        destination: { bucket: { url, credentialsSecretRef: { name: "wrong" } } },
      });
      const done = await ended("wrong");
      assert.equal(reasonOf(done), "CredentialsInvalid", JSON.stringify(done?.status));
      assert.match(messageOf(done), /s3:\/\/exports/);
      assert.equal(done?.status?.failures, 1);
      assert.doesNotMatch(JSON.stringify(done), /a-wrong-secret/);
    },
  );

  test("a claim that one node has is read and written on the node of whoever uses it", async () => {
    await volumes.add("busy", "ReadWriteOnce");
    const user = podThatUses("busy", space.name, image);
    await cluster.api.create(pods, user as KubeObject, {}, signal);
    const node = await nodeOf("user");
    const document = await create("busy", { destination: { volume: { claimName: "busy" } } });
    const { uid = "" } = document.metadata;
    const store = kubeExportStore({
      api: cluster.api,
      clock: Date,
      random: Math.random,
      onError: assert.fail,
    });
    const owner = { namespace: space.name, name: "busy", uid };
    const locations = {
      source: `pvc://${space.name}/source/data`,
      destination: `pvc://${space.name}/busy/x`,
    };
    const prepared = await prepareWorker({ owner, locations }, { api: cluster.api, store }, signal);
    assert.ok("job" in prepared);
    assert.equal(prepared.job.node, node);
    assert.equal(prepared.job.sharesNode, true);
    assert.equal(statusOf(await ended("busy")), "True");
  });

  async function nodeOf(name: string): Promise<string> {
    const query = { namespace: space.name, fieldSelector: `metadata.name=${name}` };
    const { items, resourceVersion } = await cluster.api.list<Pod>(pods, query, signal);
    const known = items[0]?.spec.nodeName;
    if (known !== undefined) return known;
    const since = { ...query, resourceVersion, timeoutSeconds: 60 };
    for await (const event of cluster.api.watch<Pod>(pods, since, signal))
      if (event.type !== "BOOKMARK" && event.object.spec.nodeName !== undefined)
        return event.object.spec.nodeName;
    assert.fail(`${name} was not scheduled`);
  }

  /** By which pods reach this machine: the testbed's node is this machine. */
  async function nodeAddress(): Promise<string> {
    const { items } = await cluster.api.list<KubeObject & { status: NodeStatus }>(nodes, {}, signal);
    const address = items[0]?.status.addresses.find(({ type }) => type === "InternalIP");
    return address?.address ?? assert.fail("the node has no address");
  }
});

interface NodeStatus {
  readonly addresses: readonly { readonly type: string; readonly address: string }[];
}

const podThatUses = (claimName: string, namespace: string, image: string): object => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name: "user", namespace },
  spec: {
    terminationGracePeriodSeconds: 1,
    securityContext: { runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } },
    containers: [
      {
        name: "user",
        image,
        command: ["/usr/local/bin/node", "-e", "setInterval(() => 0, 1000)"],
        securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } },
        volumeMounts: [{ name: "data", mountPath: "/data" }],
      },
    ],
    volumes: [{ name: "data", persistentVolumeClaim: { claimName } }],
  },
});

/** A server of this machine alone, passed on at an address that pods reach. */
async function seenFromPods(
  { endpoint }: S3Server,
  address: string,
): Promise<AsyncDisposable & { readonly endpoint: string }> {
  const port = Number(new URL(endpoint).port);
  const passing = createServer((incoming) => {
    const outgoing = connect(port, "127.0.0.1");
    incoming.pipe(outgoing).pipe(incoming);
    incoming.on("error", () => outgoing.destroy());
    outgoing.on("error", () => incoming.destroy());
  });
  passing.listen(0, address);
  await once(passing, "listening");
  return {
    endpoint: `http://${address}:${(passing.address() as AddressInfo).port}`,
    [Symbol.asyncDispose]: async () => {
      passing.close();
    },
  };
}
