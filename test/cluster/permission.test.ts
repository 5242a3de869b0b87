/** Who may do what in a cluster, as its API server decides it: tenants who may not create pods, and the operator's own account. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { jobManifest, podOf } from "../../src/cluster/jobs/job-manifest.ts";
import type { WorkerJob } from "../../src/cluster/jobs/worker-job.ts";
import { operatorUser } from "../../src/cluster/manifests/install-options.ts";
import { ExportSpec } from "../../src/domain/resources/export.ts";
import { apiVersion } from "../../src/domain/resources/resource.ts";
import { expectExit } from "../fixtures/run.ts";
import { brokenPods } from "./broken-pods.ts";
import { openTestCluster, type TestCluster, type TestNamespace } from "./cluster.ts";
import { kubectl, noKubectl } from "./kubectl.ts";
import { installSystem, systemOptions } from "./system.ts";

const tenant = "bob";
const opened = { volume: { claimName: "reports" } };
const bucket = (name: string) => ({ bucket: { url: "s3://lake", credentialsSecretRef: { name } } });
/** Whatever may not be used is called so. */
const closed = { volume: { claimName: "payroll" } };

interface Manifest {
  readonly kind: string;
  readonly [member: string]: unknown;
}
const document = (kind: string, spec: unknown, metadata: object = { name: "x" }): Manifest => ({
  apiVersion,
  kind,
  metadata,
  spec,
});
const exportOf = (spec: object, metadata?: object): Manifest =>
  document("Export", { source: opened, destination: { name: "outbox" }, ...spec }, metadata);

describe("permission in a cluster", { skip: noKubectl }, () => {
  let cluster: TestCluster;
  let namespace: TestNamespace;
  let privileged: TestNamespace;
  before(async () => {
    cluster = await openTestCluster();
    await installSystem(cluster);
    namespace = await cluster.namespace("b-permission");
    privileged = await cluster.namespace("b-privileged");
    expectExit(await kubectl(cluster, ["apply", "-f", "-"], JSON.stringify(rightsOf(namespace.name))), 0);
    const mark = ["annotate", "namespace", privileged.name, "longshore.dev/privileged-workers=true"];
    expectExit(await kubectl(cluster, mark), 0);
  });
  after(async () => {
    await namespace[Symbol.asyncDispose]();
    await privileged[Symbol.asyncDispose]();
    await cluster[Symbol.asyncDispose]();
  });

  const asUser = async (user: string, args: readonly string[], input?: unknown, where = namespace.name) =>
    kubectl(cluster, [...args, "-n", where, "--as", user], input === undefined ? "" : JSON.stringify(input));
  const create = (user: string, input: unknown, where?: string) =>
    asUser(user, ["create", "--dry-run=server", "-f", "-"], input, where);
  async function refuses(work: ReturnType<typeof create>, sentence: string): Promise<void> {
    const { code, stderr } = await work;
    assert.equal(code, 1, stderr);
    assert.ok(stderr.includes("(Forbidden)") || stderr.includes("forbidden"), stderr);
    assert.ok(stderr.includes(sentence), stderr);
  }

  describe("a tenant who may create Exports but not pods", () => {
    test("may use what was opened to him", async () => {
      const free = [
        exportOf({}),
        exportOf({ source: bucket("opened"), destination: opened }),
        exportOf({ previous: { name: "monday" }, workers: { imagePullSecrets: [{ name: "opened" }] } }),
        document("DownloadGrant", { exportRef: { name: "monday" } }),
      ];
      for (const input of free) expectExit(await create(tenant, input), 0);
    });

    const right = (verb: string, what: string): string =>
      `: it takes the verb ${verb} on ${what}, or the right to create pods in this namespace`;
    const claims = right("export", "persistentvolumeclaims");
    const secrets = right("get", "secrets");
    const downloads = right("get", "exports/download");
    const cases: readonly (readonly [string, Manifest])[] = [
      [
        `spec.source.volume.claimName: bob may not use the PersistentVolumeClaim payroll${claims}`,
        exportOf({ source: closed }),
      ],
      [
        `spec.destination.volume.claimName: bob may not use the PersistentVolumeClaim payroll${claims}`,
        exportOf({ destination: closed }),
      ],
      [
        `spec.source.bucket.credentialsSecretRef.name: bob may not use the Secret master${secrets}`,
        exportOf({ source: bucket("master") }),
      ],
      [
        `spec.destination.bucket.credentialsSecretRef.name: bob may not use the Secret master${secrets}`,
        exportOf({ destination: bucket("master") }),
      ],
      [
        `spec.previous.name: bob may not use the Export sunday${downloads}`,
        exportOf({ previous: { name: "sunday" } }),
      ],
      [
        `spec.workers.imagePullSecrets[].name: bob may not use the Secret that it names${secrets}`,
        exportOf({ workers: { imagePullSecrets: [{ name: "opened" }, { name: "master" }] } }),
      ],
      [
        `spec.exportRef.name: bob may not use the Export sunday${downloads}`,
        document("DownloadGrant", { exportRef: { name: "sunday" } }),
      ],
      [
        `spec.volume.claimName: bob may not use the PersistentVolumeClaim payroll${claims}`,
        document("ExportDestination", closed),
      ],
      [
        `spec.bucket.credentialsSecretRef.name: bob may not use the Secret master${secrets}`,
        document("ExportDestination", bucket("master")),
      ],
      [
        "metadata.annotations: longshore.dev/requested-by is for the gateway alone to set",
        exportOf({}, { name: "x", annotations: { "longshore.dev/requested-by": "alice" } }),
      ],
    ];
    for (const [sentence, input] of cases) test(sentence, () => refuses(create(tenant, input), sentence));

    test("names no other namespace, and works in none", async () => {
      const elsewhere = exportOf({ source: { volume: { claimName: "reports", namespace: "kube-system" } } });
      assert.match(
        (await create(tenant, elsewhere)).stderr,
        /unknown field "spec\.source\.volume\.namespace"/,
      );
      await refuses(create(tenant, exportOf({}), "default"), 'cannot create resource "exports"');
    });

    test("is asked again when he changes one, and not for what names nothing", async () => {
      const made = exportOf({ workers: { imagePullSecrets: [{ name: "opened" }] } }, { name: "mine" });
      expectExit(await asUser(tenant, ["create", "-f", "-"], made), 0);
      const patch = (body: object) =>
        asUser(tenant, ["patch", "exp", "mine", "--type=merge", "-p", JSON.stringify(body)]);
      expectExit(await patch({ spec: { suspend: true } }), 0);
      await refuses(
        patch({ spec: { workers: { imagePullSecrets: [{ name: "master" }] } } }),
        "may not use the Secret",
      );
      await refuses(
        patch({ metadata: { annotations: { "longshore.dev/requested-by": "alice" } } }),
        "gateway alone",
      );
      // Of another's Export he may change what names nothing.
      const foreign = exportOf({ source: closed }, { name: "foreign" });
      expectExit(
        await kubectl(cluster, ["create", "-n", namespace.name, "-f", "-"], JSON.stringify(foreign)),
        0,
      );
      const label = ["patch", "exp", "foreign", "--type=merge", "-p", '{"metadata":{"labels":{"a":"b"}}}'];
      expectExit(await asUser(tenant, label), 0);
      const resume = ["patch", "exp", "foreign", "--type=merge", "-p", '{"spec":{"suspend":true}}'];
      await refuses(asUser(tenant, resume), "payroll");
    });

    test("can't write a status", async () => {
      const args = [
        "patch",
        "exp",
        "mine",
        "--subresource=status",
        "--type=merge",
        "-p",
        '{"status":{"files":1}}',
      ];
      await refuses(asUser(tenant, args), 'resource "exports/status"');
    });
  });

  test("who may create pods needs nothing more", async () => {
    for (const input of [exportOf({ source: closed }), document("ExportDestination", bucket("master"))])
      expectExit(await create("paula", input), 0);
  });

  describe("the roles of Kubernetes hold ours", () => {
    const can = async (user: string, ...args: string[]): Promise<boolean> =>
      (await asUser(user, ["auth", "can-i", ...args])).stdout.toString().trim() === "yes";
    test("view sees exports and no more", async () => {
      assert.equal(await can("vera", "watch", "exports.longshore.dev"), true);
      assert.equal(await can("vera", "get", "downloadgrants.longshore.dev"), false);
      assert.equal(await can("vera", "create", "exports.longshore.dev"), false);
      assert.equal(await can("vera", "get", "exports.longshore.dev/x", "--subresource=download"), false);
    });
    test("edit makes exports and grants, and downloads", async () => {
      for (const kind of ["exports", "exportdestinations", "downloadgrants"])
        assert.equal(await can("paula", "create", `${kind}.longshore.dev`), true, kind);
      assert.equal(await can("paula", "get", "exports.longshore.dev/x", "--subresource=download"), true);
      assert.equal(await can("paula", "export", "persistentvolumeclaims/payroll"), false);
      assert.equal(await can("paula", "patch", "exports.longshore.dev", "--subresource=status"), false);
    });
    test("admin may open a claim to others", async () => {
      assert.equal(await can("adam", "export", "persistentvolumeclaims/payroll"), true);
      const role = {
        apiVersion: "rbac.authorization.k8s.io/v1",
        kind: "Role",
        metadata: { name: "opens" },
        rules: [claimRule("payroll")],
      };
      expectExit(await create("adam", role), 0);
    });
  });

  describe("the operator's account", () => {
    const operator = operatorUser(systemOptions.namespace);
    const stages = ["all", "plan", "pack", "finalize", "cleanup"] as const;
    const jobOf = (where: string, workers: object = {}, stage: (typeof stages)[number] = "all") =>
      jobManifest(workerJob(where, workers), { image: systemOptions.image }, stage);

    for (const stage of stages)
      test(`runs the Job of the stage ${stage}, and tries its pod out`, async () => {
        const job = jobOf(
          namespace.name,
          { securityContext: { runAsUser: 2000, supplementalGroups: [5] } },
          stage,
        );
        expectExit(await create(operator, job), 0);
        expectExit(await create(operator, podOf(job)), 0);
      });

    test("runs user 0 where the namespace allows it, and nowhere else", async () => {
      const root = { readAs: "Root" };
      expectExit(await create(operator, jobOf(privileged.name, root), privileged.name), 0);
      await refuses(
        create(operator, jobOf(namespace.name, root)),
        "workers without capabilities; DAC_OVERRIDE takes",
      );
    });

    for (const [sentence, change] of brokenPods)
      test(`may only run workers ${sentence}`, async () => {
        const job = jobOf(namespace.name);
        const { spec } = job.spec.template;
        const changed = change(spec);
        const template = { ...job.spec.template, spec: changed };
        const broken = { ...job, spec: { ...job.spec, template } };
        await refuses(create(operator, broken), `the operator may only run workers ${sentence}`);
        await refuses(
          create(operator, { ...podOf(job), spec: changed }),
          `the operator may only run workers ${sentence}`,
        );
      });

    test("has nothing without an owner of ours", async () => {
      const job = jobOf(namespace.name);
      const owners = [
        undefined,
        [],
        [{ apiVersion: "v1", kind: "ConfigMap", name: "x", uid: "x", controller: true }],
        [{ apiVersion, kind: "Export", name: "x", uid: "x" }],
        [{ apiVersion: "longshore.dev.example/v1", kind: "Export", name: "x", uid: "x", controller: true }],
      ];
      for (const ownerReferences of owners) {
        const metadata = { ...job.metadata, ownerReferences };
        await refuses(create(operator, { ...job, metadata }), "owned by a document of longshore.dev");
      }
    });

    test("runs no pod by itself, and ends and changes no Job of others", async () => {
      const { metadata, ...pod } = podOf(jobOf(namespace.name));
      const real = asUser(operator, ["create", "-f", "-"], {
        ...pod,
        metadata: { ...metadata, name: "real" },
      });
      await refuses(real, "may only try pods out");
      const foreign = ["create", "job", "foreign", "--image=x", "-n", namespace.name];
      expectExit(await kubectl(cluster, foreign), 0);
      await refuses(
        asUser(operator, ["delete", "job", "foreign", "--dry-run=server"]),
        "owned by a document",
      );
      const suspend = ["patch", "job", "foreign", "--type=merge", "-p", '{"spec":{"suspend":true}}'];
      await refuses(asUser(operator, suspend), "owned by a document");
      const owner = { apiVersion, kind: "Export", name: "x", uid: "x", controller: true };
      const takeOver = JSON.stringify({ metadata: { ownerReferences: [owner] }, spec: { suspend: true } });
      await refuses(
        asUser(operator, ["patch", "job", "foreign", "--type=merge", "-p", takeOver]),
        "owned by a document",
      );
    });

    test("suspends and deletes its own", async () => {
      const job = jobOf(namespace.name);
      // Of an owner that is not there Kubernetes itself would remove it.
      const uid = await kubectl(cluster, [
        "get",
        "exp",
        "mine",
        "-n",
        namespace.name,
        "-o",
        "jsonpath={.metadata.uid}",
      ]);
      const owner = {
        apiVersion,
        kind: "Export",
        name: "mine",
        uid: uid.stdout.toString(),
        controller: true,
      };
      const owned = { ...job, metadata: { ...job.metadata, ownerReferences: [owner] } };
      expectExit(await asUser(operator, ["create", "-f", "-"], owned), 0);
      const { name } = job.metadata;
      for (const suspend of [true, false]) {
        const patch = JSON.stringify({ spec: { suspend } });
        expectExit(await asUser(operator, ["patch", "job", name, "--type=merge", "-p", patch]), 0);
      }
      expectExit(await asUser(operator, ["delete", "job", name, "--wait=false"]), 0);
    });

    test("writes statuses and finalizers of Exports without any right to what they name, and no spec", async () => {
      interface Foreign {
        readonly metadata: object;
        readonly spec: object;
      }
      const replaced = async (change: (foreign: Foreign) => object, ...args: readonly string[]) => {
        const found = await asUser(operator, ["get", "exp", "foreign", "-o", "json"]);
        const changed = change(JSON.parse(found.stdout.toString()) as Foreign);
        return asUser(operator, ["replace", ...args, "-f", "-"], changed);
      };
      const withFinalizers = (finalizers: readonly string[]) => (foreign: Foreign) => ({
        ...foreign,
        metadata: { ...foreign.metadata, finalizers },
      });
      expectExit(await replaced(withFinalizers(["longshore.dev/data"])), 0);
      const counted = (foreign: Foreign) => ({ ...foreign, status: { files: 1 } });
      expectExit(await replaced(counted, "--subresource=status"), 0);
      const suspended = (foreign: Foreign) => ({ ...foreign, spec: { ...foreign.spec, suspend: true } });
      await refuses(replaced(suspended), "spec: the operator may not say what is wanted");
      expectExit(await replaced(withFinalizers([])), 0);
    });
  });
});

function workerJob(namespace: string, workers: object): WorkerJob {
  const spec = ExportSpec.parse({ source: opened, destination: { name: "outbox" }, workers });
  return {
    owner: { namespace, name: "x", uid: "00000000-0000-0000-0000-000000000000" },
    recordsOwner: "",
    locations: { source: `pvc://${namespace}/reports`, destination: `s3://handover/${namespace}/x` },
    secrets: { destination: "key" },
    workers: spec.workers,
    export: {
      attempt: 0,
      workers: 2,
      options: {
        format: "tar.zst",
        level: 3,
        partSize: 2 ** 26,
        include: [],
        exclude: [],
        differences: "record",
        entryDigests: false,
        crossFileSystems: false,
      },
    },
    sharesNode: false,
  };
}

const claimRule = (name: string) => ({
  apiGroups: [""],
  resources: ["persistentvolumeclaims"],
  resourceNames: [name],
  verbs: ["export"],
});

/** The tenant's role, and Kubernetes' own for three others. */
function rightsOf(namespace: string): object {
  const rbac = "rbac.authorization.k8s.io";
  const binding = (user: string, kind: string, role: string) => ({
    apiVersion: `${rbac}/v1`,
    kind: "RoleBinding",
    metadata: { name: `${user}-${role}`, namespace },
    roleRef: { apiGroup: rbac, kind, name: role },
    subjects: [{ apiGroup: rbac, kind: "User", name: user }],
  });
  const rules = [
    claimRule("reports"),
    { apiGroups: [""], resources: ["secrets"], resourceNames: ["opened"], verbs: ["get"] },
    {
      apiGroups: ["longshore.dev"],
      resources: ["exports/download"],
      resourceNames: ["monday"],
      verbs: ["get"],
    },
    // He may make destinations, and still open nothing by them that is closed to him.
    { apiGroups: ["longshore.dev"], resources: ["exportdestinations"], verbs: ["create"] },
  ];
  const metadata = { name: "tenant", namespace };
  return {
    apiVersion: "v1",
    kind: "List",
    items: [
      { apiVersion: `${rbac}/v1`, kind: "Role", metadata, rules },
      // Kubernetes refuses pods of accounts that are not there before any policy is asked.
      { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "admin", namespace } },
      binding(tenant, "Role", "tenant"),
      binding(tenant, "ClusterRole", "longshore-exporter"),
      binding("vera", "ClusterRole", "view"),
      binding("paula", "ClusterRole", "edit"),
      binding("adam", "ClusterRole", "admin"),
    ],
  };
}
