/** `longshore install` on a real API server: applied in one go, with no more rights than are listed here. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { parseAllDocuments } from "yaml";
import { finalizerPatches } from "../../src/cluster/manifests/uninstall.ts";
import { operatorUser } from "../../src/cluster/manifests/install-options.ts";
import { apiVersion } from "../../src/domain/resources/resource.ts";
import { expectExit, longshore, run } from "../fixtures/run.ts";
import { openTestCluster, type TestCluster, type TestNamespace } from "./cluster.ts";
import { kubectl, kubectlEnvironment, noKubectl } from "./kubectl.ts";
import { installSystem, systemOptions } from "./system.ts";

const image = ["--set", "image=longshore:dev"];

/** Everything that the operator's account may do beside what everybody may: rows of `kubectl auth can-i --list`. */
const operatorRights: Readonly<Record<string, string>> = {
  "downloadgrants.longshore.dev": "delete get list watch",
  "downloadgrants.longshore.dev/status": "update",
  events: "list watch",
  "events.events.k8s.io": "create patch",
  "exportdestinations.longshore.dev": "get list watch",
  "exportdestinations.longshore.dev/status": "update",
  "exports.longshore.dev": "delete get list update watch",
  "exports.longshore.dev/finalizers": "update",
  "exports.longshore.dev/status": "patch update",
  "jobs.batch": "create delete get list patch watch",
  limitranges: "list watch",
  namespaces: "get list watch",
  nodes: "list watch",
  persistentvolumeclaims: "get list watch",
  pods: "create list watch",
  resourcequotas: "list watch",
  "tokenreviews.authentication.k8s.io": "create",
};
/** And in the system's namespace. */
const operatorRightsAtHome: Readonly<Record<string, string>> = {
  ...operatorRights,
  "leases.coordination.k8s.io": "create",
  "leases.coordination.k8s.io [longshore-operator]": "get update",
};

describe("an installation", { skip: noKubectl }, () => {
  let cluster: TestCluster;
  let namespace: TestNamespace;
  before(async () => {
    cluster = await openTestCluster();
    await installSystem(cluster);
    namespace = await cluster.namespace("b-install");
  });
  after(async () => {
    await namespace[Symbol.asyncDispose]();
    await cluster[Symbol.asyncDispose]();
  });

  async function manifestsText(): Promise<string> {
    return expectExit(await longshore(["install", ...image]), 0).stdout.toString();
  }

  test("is taken by the API server as it is printed, and changes nothing the second time", async () => {
    const text = await manifestsText();
    const args = ["apply", "--server-side", "--force-conflicts", "--dry-run=server", "-f", "-"];
    const { stdout } = expectExit(await kubectl(cluster, args, text), 0);
    const lines = stdout.toString().trimEnd().split("\n");
    assert.equal(lines.length, parseAllDocuments(text).length);
  });

  test("runs its operator under the Pod Security of its namespace", async () => {
    const { kind: _kind, ...deployment } = parseAllDocuments(await manifestsText())
      .map((one) => one.toJS() as { kind: string; spec: { template: object } })
      .find(({ kind }) => kind === "Deployment") ?? { kind: "", spec: { template: {} } };
    const metadata = { name: "operator-of-test", namespace: systemOptions.namespace };
    const pod = { apiVersion: "v1", kind: "Pod", ...deployment.spec.template, metadata };
    const args = ["create", "--dry-run=server", "-f", "-"];
    const { stderr } = expectExit(await kubectl(cluster, args, JSON.stringify(pod)), 0);
    assert.equal(stderr, "");
  });

  async function rightsOf(user: string, where: string): Promise<Record<string, string>> {
    const list = async (args: readonly string[]): Promise<string[][]> => {
      const asked = ["auth", "can-i", "--list", "-n", where, "--no-headers", ...args];
      const { stdout } = expectExit(await kubectl(cluster, asked), 0);
      const rows = stdout.toString().trimEnd().split("\n");
      return rows.map((row) => {
        const [resource = "", names = "", verbs = ""] =
          /^(\S*) +\[[^\]]*\] +\[([^\]]*)\] +\[([^\]]*)\]$/.exec(row)?.slice(1) ?? [];
        return [names === "" ? resource : `${resource} [${names}]`, verbs.split(" ").toSorted().join(" ")];
      });
    };
    const groups = ["--as-group=system:serviceaccounts", "--as-group=system:authenticated"];
    // One of the same groups that has no role: what it may do, everybody may.
    const everybody = await list(["--as", "system:serviceaccount:kube-public:nobody-at-all", ...groups]);
    const common = new Set(everybody.map((row) => row.join(" = ")));
    const own = (await list(["--as", user, ...groups])).filter((row) => !common.has(row.join(" = ")));
    return Object.fromEntries(own) as Record<string, string>;
  }

  test("gives the operator these rights and no others", async () => {
    const operator = operatorUser(systemOptions.namespace);
    assert.deepEqual(await rightsOf(operator, namespace.name), operatorRights);
    assert.deepEqual(await rightsOf(operator, systemOptions.namespace), operatorRightsAtHome);
  });

  test("has one account, whose token is mounted nowhere by itself", async () => {
    const documents = parseAllDocuments(await manifestsText()).map(
      (one) => one.toJS() as { kind: string; automountServiceAccountToken?: boolean; subjects?: unknown },
    );
    const accounts = documents.filter(({ kind }) => kind === "ServiceAccount");
    assert.deepEqual(
      accounts.map(({ automountServiceAccountToken }) => automountServiceAccountToken),
      [false],
    );
    const subjects = documents.flatMap((one) => one.subjects ?? []);
    for (const subject of subjects)
      assert.deepEqual(subject, {
        kind: "ServiceAccount",
        name: "longshore-operator",
        namespace: systemOptions.namespace,
      });
  });

  describe("what is printed for its removal", () => {
    test("takes away our finalizers and leaves those of others", async () => {
      const finalizers = {
        ours: ["longshore.dev/data"],
        both: ["example.org/x", "longshore.dev/data", "b.example.org/y"],
        theirs: ["example.org/x"],
        none: [],
      };
      const items = Object.entries(finalizers).map(([name, own]) => ({
        apiVersion,
        kind: "Export",
        metadata: { name, finalizers: own },
        spec: { source: { volume: { claimName: "a" } }, destination: { name: "b" } },
      }));
      const where = ["-n", namespace.name];
      const list = JSON.stringify({ apiVersion: "v1", kind: "List", items });
      expectExit(await kubectl(cluster, ["create", ...where, "-f", "-"], list), 0);
      const said = await kubectl(cluster, [
        "get",
        "exports",
        ...where,
        "-o",
        `go-template=${finalizerPatches}`,
      ]);
      assert.deepEqual(expectExit(said, 0).stdout.toString().trimEnd().split("\n"), [
        `${namespace.name} both {"metadata":{"finalizers":["example.org/x","b.example.org/y"]}}`,
        `${namespace.name} ours {"metadata":{"finalizers":[]}}`,
      ]);
      const free = '{"metadata":{"finalizers":null}}';
      for (const name of Object.keys(finalizers))
        expectExit(await kubectl(cluster, ["patch", "exp", name, ...where, "--type=merge", "-p", free]), 0);
    });

    test("is a script that a shell can read, and names all that was installed", async () => {
      const script = expectExit(await longshore(["uninstall", ...image]), 0).stdout.toString();
      expectExit(await run("sh", ["-n"], { input: script }), 0);
      const goesWithNamespace = new Set([
        "Deployment",
        "NetworkPolicy",
        "PodDisruptionBudget",
        "Role",
        "RoleBinding",
        "Service",
        "ServiceAccount",
      ]);
      for (const one of parseAllDocuments(await manifestsText())) {
        const { kind, metadata } = one.toJS() as {
          kind: string;
          metadata: { name: string; namespace?: string };
        };
        if (goesWithNamespace.has(kind)) assert.equal(metadata.namespace, systemOptions.namespace);
        else
          assert.match(
            script,
            new RegExp(`^kubectl delete (crd|${kind.toLowerCase()}) .*\\b${metadata.name}\\b`, "m"),
          );
      }
    });

    const shared =
      process.env["LONGSHORE_TEST_UNINSTALL"] === "1"
        ? false
        : "it would take the kinds away from other tests: set LONGSHORE_TEST_UNINSTALL=1 where the cluster is yours alone";
    test("leaves nothing that waits for what is gone", { skip: shared }, async () => {
      const held = {
        apiVersion,
        kind: "Export",
        metadata: { name: "held", finalizers: ["longshore.dev/data"] },
        spec: { source: { volume: { claimName: "a" } }, destination: { name: "b" } },
      };
      const where = ["-n", namespace.name];
      expectExit(await kubectl(cluster, ["create", ...where, "-f", "-"], JSON.stringify(held)), 0);
      expectExit(await kubectl(cluster, ["delete", "exp", "held", ...where, "--wait=false"]), 0);
      const script = expectExit(await longshore(["uninstall", ...image]), 0).stdout.toString();
      const env = kubectlEnvironment(cluster);
      // Again, and again where nothing is left: each time to its end.
      for (let i = 0; i < 2; i++) expectExit(await run("sh", [], { env, input: script }), 0);
      const kinds = [
        "crd",
        "clusterrole",
        "clusterrolebinding",
        "validatingadmissionpolicy",
        "validatingadmissionpolicybinding",
        "namespace",
      ];
      const { stdout } = expectExit(await kubectl(cluster, ["get", kinds.join(","), "-o", "name"]), 0);
      assert.doesNotMatch(stdout.toString(), /longshore/);
      await installSystem(cluster);
      // The API server takes a moment to keep documents of kinds that were gone.
      const deadline = performance.now() + 60_000;
      const served = ["get", "exports,exportdestinations,downloadgrants", "--all-namespaces"];
      while ((await kubectl(cluster, served)).code !== 0) assert.ok(performance.now() < deadline);
    });
  });
});
