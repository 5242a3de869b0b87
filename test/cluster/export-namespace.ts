/** A namespace of a test cluster whose exports an operator of its own runs, with volumes that the test can look into. */
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { KubeObject } from "../../src/cluster/kube-api.ts";
import { type Job, jobs, namespaces, type Pod, pods } from "../../src/cluster/jobs/objects.ts";
import type { Export } from "../../src/domain/resources/resource.ts";
import { mixedBytes } from "../fixtures/mixed-bytes.ts";
import { noCluster, openTestCluster, type TestCluster } from "./cluster.ts";
import { secrets } from "./core-kinds.ts";
import { installDefinitions } from "./crds.ts";
import { exportBecomes, exports as exportKind, statusOf } from "./exports.ts";
import { noNode, testImage } from "./image.ts";
import { startOperator } from "./operator-process.ts";
import { nodeAddress } from "./seen-from-pods.ts";
import { type TestVolumes, testVolumes } from "./volumes.ts";

/** Why no export can be run in a cluster, in one line. */
export const noExports = noCluster || noNode;

export interface ExportNamespace extends AsyncDisposable {
  readonly cluster: TestCluster;
  readonly name: string;
  readonly image: string;
  readonly volumes: TestVolumes;
  /** Kills the operator as a crash does, and starts another. */
  restartOperator(): Promise<void>;
  create(name: string, spec: object): Promise<Export>;
  /** Merges it into the spec. */
  patch(name: string, spec: object): Promise<void>;
  remove(name: string): Promise<void>;
  /** Makes a Secret. */
  secret(name: string, stringData: Readonly<Record<string, string>>): Promise<void>;
  /** Resolves as soon as it is as wanted; with undefined where it is wanted gone. */
  becomes(name: string, isWanted: (found: Export | undefined) => boolean): Promise<Export | undefined>;
  /** Resolves with the first state, well or not, that it ends in. */
  ended(name: string): Promise<Export>;
  /** As `ended`; fails where it ended otherwise. */
  succeeded(name: string): Promise<Export>;
  jobsOf(uid: string | undefined): Promise<readonly Job[]>;
  podsOf(uid: string | undefined): Promise<readonly Pod[]>;
  /** Resolves with the pods of an export as soon as they are as wanted. */
  podsBecome(uid: string | undefined, isWanted: (found: readonly Pod[]) => boolean): Promise<readonly Pod[]>;
  /** The same of its Jobs. */
  jobsBecome(uid: string | undefined, isWanted: (found: readonly Job[]) => boolean): Promise<readonly Job[]>;
}

export interface ExportNamespaceOptions {
  /** Of its name. */
  readonly prefix: string;
  /** The Pod Security Standard that it enforces; `restricted` unless said. */
  readonly podSecurity?: "restricted" | "baseline" | "privileged";
  readonly annotations?: Readonly<Record<string, string>>;
  /** What the operator runs as worker; the image of this working copy unless said. */
  readonly workerImage?: string | undefined;
  /** Whether the operator takes reports, each at an address of its own; false unless said. */
  readonly reports?: boolean;
}

const { signal } = new AbortController();
/** Milliseconds; a machine that runs a whole cluster and its tests takes its time. */
const patience = 400_000;

export async function openExportNamespace(options: ExportNamespaceOptions): Promise<ExportNamespace> {
  await using opening = new AsyncDisposableStack();
  const cluster = opening.use(await openTestCluster());
  const image = await testImage();
  await installDefinitions(cluster.api, signal);
  const { prefix, podSecurity = "restricted", workerImage = image } = options;
  const space = await cluster.namespace(prefix, { "pod-security.kubernetes.io/enforce": podSecurity });
  const namespace = space.name;
  if (options.annotations !== undefined) {
    const patch = { metadata: { annotations: options.annotations } };
    await cluster.api.patch(namespaces, { name: namespace }, patch, {}, signal);
  }
  const volumes = opening.use(testVolumes(cluster, namespace));
  const reporting = options.reports === true && { reportListen: `${await nodeAddress(cluster.api)}:0` };
  const started = { image: workerImage, namespace, ...reporting };
  let operator = startOperator(cluster, started);
  opening.defer(() => operator[Symbol.asyncDispose]());
  // Its operator takes what is left with it.
  opening.use(space);
  const open = opening.move();

  const ofExport = (uid = ""): { namespace: string; labelSelector: string } => ({
    namespace,
    labelSelector: `longshore.dev/export-uid=${uid}`,
  });
  const becomes = (name: string, isWanted: (found: Export | undefined) => boolean) =>
    exportBecomes(cluster.api, { namespace, name }, isWanted);
  const ended = async (name: string): Promise<Export> =>
    (await becomes(name, (now) => now !== undefined && statusOf(now) !== "Unknown")) ?? assert.fail();

  return {
    cluster,
    name: namespace,
    image,
    volumes,
    restartOperator: async () => {
      operator.process.signal("SIGKILL");
      await operator.process.done;
      operator = startOperator(cluster, started);
    },
    create: async (name, spec) => {
      const metadata = { name, namespace };
      const document = { apiVersion: "longshore.dev/v1alpha1", kind: "Export", metadata, spec };
      const made: KubeObject = await cluster.api.create(exportKind, document, {}, signal);
      return made as Export;
    },
    patch: async (name, spec) => {
      await cluster.api.patch(exportKind, { namespace, name }, { spec }, {}, signal);
    },
    remove: (name) => cluster.api.delete(exportKind, { namespace, name }, {}, signal),
    secret: async (name, stringData) => {
      const metadata = { name, namespace };
      const document = { apiVersion: "v1", kind: "Secret", metadata, stringData };
      await cluster.api.create(secrets, document, {}, signal);
    },
    becomes,
    ended,
    succeeded: async (name) => {
      const found = await ended(name);
      assert.equal(statusOf(found), "True", JSON.stringify(found.status));
      return found;
    },
    jobsOf: async (uid) => (await cluster.api.list<Job>(jobs, ofExport(uid), signal)).items,
    podsOf: async (uid) => (await cluster.api.list<Pod>(pods, ofExport(uid), signal)).items,
    podsBecome: (uid, isWanted) => listBecomes<Pod>(pods, uid, isWanted),
    jobsBecome: (uid, isWanted) => listBecomes<Job>(jobs, uid, isWanted),
    [Symbol.asyncDispose]: () => open.disposeAsync(),
  };

  /** Lists again whenever one of them changed. */
  async function listBecomes<T extends KubeObject>(
    kind: typeof pods,
    uid: string | undefined,
    isWanted: (found: readonly T[]) => boolean,
  ): Promise<readonly T[]> {
    const waiting = AbortSignal.timeout(patience);
    for (;;) {
      const { items, resourceVersion } = await cluster.api.list<T>(kind, ofExport(uid), waiting);
      if (isWanted(items)) return items;
      const since = { ...ofExport(uid), resourceVersion, timeoutSeconds: 30 };
      for await (const event of cluster.api.watch<T>(kind, since, waiting))
        if (event.type !== "BOOKMARK") break;
    }
  }
}

/** A folder with so many files of so many bytes that can't be compressed much. */
export function fill(folder: string, files: number, size: number): void {
  mkdirSync(folder);
  for (let i = 0; i < files; i++) writeFileSync(join(folder, `${i}`), mixedBytes(size, `${i}`));
}

export const stageOf = ({ metadata }: Job | Pod): string | undefined =>
  metadata.labels?.["longshore.dev/stage"];
export const phaseOf = ({ status }: Pod): string => status?.phase ?? "";
