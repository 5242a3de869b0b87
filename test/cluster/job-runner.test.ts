/** The suite of the JobRunner port against Jobs of a real cluster. */
import assert from "node:assert/strict";
import { linkSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe } from "node:test";
import type { KubeApi, KubeObject } from "../../src/cluster/kube-api.ts";
import { startKubeJobRunner } from "../../src/cluster/jobs/kube-job-runner.ts";
import { kubeExportStore } from "../../src/cluster/store/kube-export-store.ts";
import type { ExportJob } from "../../src/domain/ports/job-runner.ts";
import { formatVolumeLocation, parseVolumeLocation } from "../../src/domain/volume-location.ts";
import { type JobRunnerPlace, testJobRunner } from "../conformance/job-runner.ts";
import { makeTree, namesBelow } from "../fixtures/local-jobs.ts";
import { mixedBytes } from "../fixtures/mixed-bytes.ts";
import { optionsOf } from "../fixtures/packing.ts";
import { temporaryFolder, type TemporaryFolder } from "../fixtures/run.ts";
import { openTestCluster, type TestCluster } from "./cluster.ts";
import { installDefinitions } from "./crds.ts";
import { noExports } from "./export-namespace.ts";
import { exports as exportKind } from "./exports.ts";
import { testImage } from "./image.ts";
import { testVolumes } from "./volumes.ts";

const { signal } = new AbortController();
/** Minutes of work at the highest level. */
const hugeFile = 256 * 2 ** 20;

describe("a runner of Jobs", { skip: noExports }, () => {
  let cluster: TestCluster;
  let image: string;
  let shared: TemporaryFolder;
  before(async () => {
    cluster = await openTestCluster();
    image = await testImage();
    await installDefinitions(cluster.api, signal);
    shared = temporaryFolder();
    writeFileSync(shared.join("huge"), mixedBytes(hugeFile, "huge"));
  });
  after(async () => {
    await shared?.[Symbol.asyncDispose]();
    await cluster?.[Symbol.asyncDispose]();
  });

  const options = { limited: false, timeout: 900_000 };
  testJobRunner("of a cluster", () => open(cluster, image, shared.join("huge")), options);
});

/** A namespace with two claims, and exports that nobody looks after but the suite. */
async function open(cluster: TestCluster, image: string, huge: string): Promise<JobRunnerPlace> {
  await using opening = new AsyncDisposableStack();
  const { name: namespace } = opening.use(await cluster.namespace("d-runner"));
  const volumes = opening.use(testVolumes(cluster, namespace));
  const source = await volumes.add("source");
  const out = await volumes.add("out");
  makeTree(join(source, "small"), 4, 10);
  mkdirSync(join(source, "large"));
  linkSync(huge, join(source, "large", "huge"));

  const api = within(cluster.api, namespace);
  const onError = (error: unknown, about: string): never => assert.fail(`${about}: ${String(error)}`);
  const common = { api, clock: Date, random: Math.random, onError };
  const settings = { image, imagePullPolicy: "IfNotPresent" };
  const store = kubeExportStore(common);
  const runner = opening.use(
    await startKubeJobRunner(
      {
        ...common,
        store,
        settings,
        namespaces: [namespace],
        namespaceOf: () => namespace,
        record: async () => undefined,
      },
      signal,
    ),
  );

  let made = 0;
  const job = async (path: string, given: Partial<ExportJob> = {}): Promise<ExportJob> => {
    const name = `job-${made++}`;
    const document = {
      apiVersion: "longshore.dev/v1alpha1",
      kind: "Export",
      metadata: { name, namespace },
      spec: {
        source: { volume: { claimName: "source", path } },
        destination: { volume: { claimName: "out" } },
      },
    };
    const { metadata }: KubeObject = await api.create(exportKind, document, {}, signal);
    return {
      exportUid: metadata.uid ?? assert.fail(),
      attempt: 0,
      namespace,
      name,
      source: formatVolumeLocation({ namespace, claim: "source", path }),
      location: formatVolumeLocation({ namespace, claim: "out", path: `${namespace}/${name}` }),
      previous: undefined,
      options: optionsOf({ format: "tar.zst", partSize: 65_536 }),
      workers: undefined,
      ...given,
    };
  };
  const slow = optionsOf({ format: "tar.zst", level: 22, partSize: 2 ** 22 });
  const open = opening.move();
  return {
    runner,
    keepsSuspended: true,
    quick: () => job("small"),
    endless: () => job("large", { options: slow, workers: 1 }),
    failing: () => job("none"),
    namesAt: async (location) => namesBelow(join(out, parseVolumeLocation(location)?.path ?? assert.fail())),
    [Symbol.asyncDispose]: () => open.disposeAsync(),
  };
}

/** As if there were no other namespace: others' Jobs are none of a test's business. */
const within = (api: KubeApi, namespace: string): KubeApi => ({
  ...api,
  list: (kind, query, calling) => api.list(kind, kind.namespaced ? { ...query, namespace } : query, calling),
  watch: (kind, query, calling) =>
    api.watch(kind, kind.namespaced ? { ...query, namespace } : query, calling),
});
