/**
 * A real cluster for tests: the one that KUBECONFIG names, else the testbed if its programs are on this machine
 * (KUBE_TESTBED, ~/.cache/kube-testbed unless said), which is started where nothing answers yet.
 *
 * Tests say `describe("…", { skip: noCluster }, …)`, take `await using cluster = await openTestCluster()` and work in
 * `await using namespace = await cluster.namespace("a")`.
 */
import { randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, join, resolve } from "node:path";
import { type OpenKubeApi, openKubeApi } from "../../src/cluster/client/open-kube-api.ts";
import { type Node, namespaces, nodes } from "../../src/cluster/jobs/objects.ts";
import type { KubeApi, KubeResource } from "../../src/cluster/kube-api.ts";
import { LongshoreError } from "../../src/domain/errors.ts";
import { kinds } from "../../src/domain/resources/resource.ts";
import { resourceOf } from "../../src/cluster/store/kube-document.ts";
import { run } from "../fixtures/run.ts";

export interface TestCluster extends AsyncDisposable {
  /** As an administrator. */
  readonly api: OpenKubeApi;
  /** Files, as KUBECONFIG has them. */
  readonly kubeconfig: string;
  /** Makes one under a name of its own that begins with `prefix` and "-". */
  namespace(prefix: string, labels?: Readonly<Record<string, string>>): Promise<TestNamespace>;
}

/** Goes when it is disposed, with everything in it; nobody waits until it is gone. */
export interface TestNamespace extends AsyncDisposable {
  readonly name: string;
}

/** Its folder. Scripts are told of it, as they would look for it at a home that may have no name. */
export const testbed = process.env["KUBE_TESTBED"] ?? join(homedir(), ".cache/kube-testbed");
const scripts = resolve(import.meta.dirname, "../../../shared/kube-testbed");
const program = join(testbed, "bin/kube-apiserver");
const isGiven = (process.env["KUBECONFIG"] ?? "") !== "";
const kubeconfig = isGiven ? (process.env["KUBECONFIG"] ?? "") : join(testbed, "kubeconfig");

/** Why there is no cluster to test with, in one line. */
export const noCluster: string | false =
  isGiven || (existsSync(program) && existsSync(join(scripts, "up.sh")))
    ? false
    : `no cluster: KUBECONFIG is not set and there is no ${program} with its scripts`;

const { signal } = new AbortController();

export async function openTestCluster(): Promise<TestCluster> {
  if (!isGiven) await startTestbed();
  const api = openAdmin();
  return {
    api,
    kubeconfig,
    namespace: (prefix, labels = {}) => makeNamespace(api, prefix, labels),
    [Symbol.asyncDispose]: () => api[Symbol.asyncDispose](),
  };
}

const openAdmin = (limits: { request?: number } = {}): OpenKubeApi =>
  openKubeApi({ kind: "kubeconfig", paths: kubeconfig.split(delimiter) }, limits);

async function startTestbed(): Promise<void> {
  if (await isReady()) return;
  // Of several test programs one starts it, and the others wait for that: not for what it leaves running, which would
  // have inherited the lock.
  const args = ["-o", join(testbed, "starting.lock"), join(scripts, "up.sh")];
  const env = { KUBE_TESTBED: testbed };
  // It starts what does not run, and is not patient enough for every machine.
  for (let tries = 1; ; tries++) {
    const { code, stdout, stderr } = await run("flock", args, { env, timeoutMs: 600_000 });
    if (code === 0) return;
    if (tries === 3) throw new Error(`the testbed did not start: ${stdout.toString()}${stderr}`);
  }
}

async function isReady(): Promise<boolean> {
  if (!existsSync(kubeconfig)) return false;
  // Where nobody listens the answer comes at once; who is there may be busy.
  await using api = openAdmin({ request: 30_000 });
  try {
    const { items } = await api.list<Node>(nodes, {}, signal);
    return items.some(({ status }) =>
      status?.conditions?.some((condition) => condition.type === "Ready" && condition.status === "True"),
    );
  } catch (error) {
    if (error instanceof LongshoreError) return false;
    throw error;
  }
}

async function makeNamespace(
  api: KubeApi,
  prefix: string,
  labels: Readonly<Record<string, string>>,
): Promise<TestNamespace> {
  const name = `${prefix}-${randomUUID().slice(0, 8)}`;
  const metadata = { name, labels };
  await api.create(namespaces, { apiVersion: "v1", kind: "Namespace", metadata }, {}, signal);
  return {
    name,
    [Symbol.asyncDispose]: async () => {
      await api.delete(namespaces, { name }, {}, signal);
      await dropFinalizers(api, name);
    },
  };
}

/** Of our own kinds, whose operator may not run any more: they would keep the namespace for ever. */
async function dropFinalizers(api: KubeApi, namespace: string): Promise<void> {
  for (const own of Object.keys(kinds) as (keyof typeof kinds)[]) {
    const resource = resourceOf(own);
    for (const { metadata } of await allOf(api, resource, namespace))
      if ((metadata.finalizers ?? []).length > 0)
        await unlessGone(api.patch(resource, metadata, { metadata: { finalizers: null } }, {}, signal));
  }
}

const allOf = async (api: KubeApi, resource: KubeResource, namespace: string) =>
  (await unlessGone(api.list(resource, { namespace }, signal)))?.items ?? [];

async function unlessGone<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof LongshoreError && error.code === "ResourceNotFound") return undefined;
    throw error;
  }
}
