/** Workers whose places tie them down: buckets with credentials from a Secret, and claims that one node has at a time. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import type { KubeObject } from "../../src/cluster/kube-api.ts";
import { namespaces, type Pod, pods } from "../../src/cluster/jobs/objects.ts";
import { prepareWorker } from "../../src/cluster/jobs/prepare-worker.ts";
import { kubeExportStore } from "../../src/cluster/store/kube-export-store.ts";
import type { Export } from "../../src/domain/resources/resource.ts";
import { s3Location, testBucket } from "../fixtures/buckets.ts";
import { expectExit, longshore } from "../fixtures/run.ts";
import { missingSwift, startSwift } from "../servers/swift.ts";
import { type ExportNamespace, fill, noExports, openExportNamespace } from "./export-namespace.ts";
import { messageOf, reasonOf, statusOf } from "./exports.ts";
import { seenFromPods } from "./seen-from-pods.ts";

const { signal } = new AbortController();

describe("places of exports in a cluster", { skip: noExports, timeout: 600_000 }, () => {
  let space: ExportNamespace;
  before(async () => {
    space = await openExportNamespace({ prefix: "c-places" });
    fill(join(await space.volumes.add("source"), "data"), 50, 10);
  });
  after(() => space?.[Symbol.asyncDispose]());

  const source = { volume: { claimName: "source", path: "data" } };
  const create = (name: string, spec: object): Promise<Export> => space.create(name, { source, ...spec });
  for (const mode of ["Sequential", "Indexed"])
    test(`a bucket by a Secret of the namespace, ${mode}`, { skip: missingSwift() }, async () => {
      await using server = await startSwift();
      await server.createBucket(testBucket);
      await using seen = await seenFromPods(server.endpoint, space.cluster.api);
      const [name, keys] = [`bucket-${mode.toLowerCase()}`, `keys-${mode.toLowerCase()}`];
      const { AWS_ACCESS_KEY_ID = "", AWS_SECRET_ACCESS_KEY = "" } = server.env;
      await space.secret(keys, { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY });
      const url = s3Location({ ...server, endpoint: seen.endpoint }, "handover");
      const bucket = { url, credentialsSecretRef: { name: keys } };
      await create(name, { destination: { bucket }, workers: { mode, count: 2 } });
      const done = await space.ended(name);
      assert.equal(statusOf(done), "True", JSON.stringify(done?.status));
      assert.doesNotMatch(JSON.stringify(done), new RegExp(server.secretAccessKey));
      const location = s3Location(server, `handover/${space.name}/${name}`);
      expectExit(await longshore(["verify", location], { env: { ...server.env } }), 0);

      await space.remove(name);
      await space.becomes(name, (now) => now === undefined);
      const gone = await longshore(["verify", location], { env: { ...server.env } });
      assert.match(gone.stderr, /holds no export/);
    });

  test(
    "a wrong key is a failure that names the bucket, and nothing is tried again",
    { skip: missingSwift() },
    async () => {
      await using server = await startSwift();
      await server.createBucket(testBucket);
      await using seen = await seenFromPods(server.endpoint, space.cluster.api);
      await space.secret("wrong", {
        AWS_ACCESS_KEY_ID: "test:tester",
        AWS_SECRET_ACCESS_KEY: "a-wrong-secret",
      });
      const url = s3Location({ ...server, endpoint: seen.endpoint }, "handover");
      await create("wrong", {
        destination: { bucket: { url, credentialsSecretRef: { name: "wrong" } } },
      });
      const done = await space.ended("wrong");
      assert.equal(reasonOf(done), "CredentialsInvalid", JSON.stringify(done?.status));
      assert.match(messageOf(done), /s3:\/\/exports/);
      assert.equal(done?.status?.failures, 1);
      assert.doesNotMatch(JSON.stringify(done), /a-wrong-secret/);
    },
  );

  test("a claim that one node has is read and written on the node of whoever uses it", async () => {
    await space.volumes.add("busy", "ReadWriteOnce");
    const user = podThatUses("busy", space.name, space.image);
    await space.cluster.api.create(pods, user as KubeObject, {}, signal);
    const node = await nodeOf("user");
    const document = await create("busy", { destination: { volume: { claimName: "busy" } } });
    const { uid } = document.metadata;
    const store = kubeExportStore({
      api: space.cluster.api,
      clock: Date,
      random: Math.random,
      onError: assert.fail,
    });
    const owner = { namespace: space.name, name: "busy", uid };
    const locations = {
      source: `pvc://${space.name}/source/data`,
      destination: `pvc://${space.name}/busy/x`,
    };
    const prepared = await prepareWorker({ owner, locations }, { api: space.cluster.api, store }, signal);
    assert.ok("job" in prepared);
    assert.equal(prepared.job.node, node);
    assert.equal(prepared.job.sharesNode, true);
    const uids = await Promise.all(["kube-system", space.name].map(uidOfNamespace));
    assert.equal(prepared.job.recordsOwner, [...uids, uid].join("/"));
    assert.equal(statusOf(await space.ended("busy")), "True");
  });

  const uidOfNamespace = async (name: string): Promise<string | undefined> =>
    (await space.cluster.api.get(namespaces, { name }, signal))?.metadata.uid;

  async function nodeOf(name: string): Promise<string> {
    const query = { namespace: space.name, fieldSelector: `metadata.name=${name}` };
    const { items, resourceVersion } = await space.cluster.api.list<Pod>(pods, query, signal);
    const known = items[0]?.spec.nodeName;
    if (known !== undefined) return known;
    const since = { ...query, resourceVersion, timeoutSeconds: 60 };
    for await (const event of space.cluster.api.watch<Pod>(pods, since, signal))
      if (event.type !== "BOOKMARK" && event.object.spec.nodeName !== undefined)
        return event.object.spec.nodeName;
    assert.fail(`${name} was not scheduled`);
  }
});

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
