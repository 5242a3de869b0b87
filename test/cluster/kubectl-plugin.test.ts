/** `kubectl longshore …` as people type it, against a real API server and an operator of its own. */
import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter, dirname, join, resolve } from "node:path";
import { after, before, describe, test } from "node:test";
import { parse } from "yaml";
import type { Export } from "../../src/domain/resources/resource.ts";
import { mixedBytes } from "../fixtures/mixed-bytes.ts";
import {
  expectExit,
  expectOneSentence,
  longshoreProgram,
  type Result,
  type Running,
  run,
  shell,
  start,
  temporaryFolder,
} from "../fixtures/run.ts";
import { openTestCluster, type TestCluster, type TestNamespace } from "./cluster.ts";
import { exportBecomes, reasonOf } from "./exports.ts";
import { noNode, testImage } from "./image.ts";
import { kubectl, kubectlEnvironment, noKubectl } from "./kubectl.ts";
import { startOperator, type TestOperator } from "./operator-process.ts";
import { installSystem } from "./system.ts";
import { type TestVolumes, testVolumes } from "./volumes.ts";

const guide = resolve(import.meta.dirname, "../../docs/guides/kubectl-longshore.md");

/** Whom the contexts of the test's kubeconfig are, and the role that each has in the namespace. */
const accounts = { tenant: "edit", viewer: "view", exporter: "longshore-exporter" } as const;
type Account = keyof typeof accounts;

describe("kubectl longshore", { skip: noKubectl || noNode, timeout: 600_000 }, () => {
  const folder = temporaryFolder();
  let cluster: TestCluster;
  let space: TestNamespace;
  let volumes: TestVolumes;
  let operator: TestOperator;
  let out: string;
  before(async () => {
    cluster = await openTestCluster();
    await installSystem(cluster);
    space = await cluster.namespace("c-plugin", { "pod-security.kubernetes.io/enforce": "restricted" });
    volumes = testVolumes(cluster, space.name);
    const source = await volumes.add("source");
    out = await volumes.add("out");
    fill(join(source, "small"), 30, 100);
    fill(join(source, "large"), 400, 100_000);
    await writeKubeconfig();
    operator = startOperator(cluster, { image: await testImage(), namespace: space.name });
  });
  after(async () => {
    await space?.[Symbol.asyncDispose]();
    await operator?.[Symbol.asyncDispose]();
    await volumes?.[Symbol.asyncDispose]();
    await cluster?.[Symbol.asyncDispose]();
    await folder[Symbol.asyncDispose]();
  });

  async function writeKubeconfig(): Promise<void> {
    const documents = Object.entries(accounts).flatMap(([name, role]) => [
      { apiVersion: "v1", kind: "ServiceAccount", metadata: { name } },
      {
        apiVersion: "rbac.authorization.k8s.io/v1",
        kind: "RoleBinding",
        metadata: { name },
        roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: role },
        subjects: [{ kind: "ServiceAccount", name, namespace: space.name }],
      },
    ]);
    const items = JSON.stringify({ apiVersion: "v1", kind: "List", items: documents });
    expectExit(await kubectl(cluster, ["apply", "-n", space.name, "-f", "-"], items), 0);
    const whole = await kubectl(cluster, ["config", "view", "--raw", "--flatten", "--minify", "-o", "json"]);
    const config = JSON.parse(expectExit(whole, 0).stdout.toString()) as Kubeconfig;
    const [known] = config.clusters;
    const users = await Promise.all(
      Object.keys(accounts).map(async (name) => {
        const token = await kubectl(cluster, ["create", "token", name, "-n", space.name]);
        return { name, user: { token: expectExit(token, 0).stdout.toString().trim() } };
      }),
    );
    const context = (name: string, user: string, of = known?.name) => ({
      name,
      context: { cluster: of, user, namespace: space.name },
    });
    const away = { name: "away", cluster: { ...known?.cluster, server: "https://127.0.0.1:1" } };
    const written = {
      ...config,
      clusters: [...config.clusters, away],
      users: [...config.users, ...users],
      contexts: [
        context("admin", config.users[0]?.name ?? ""),
        ...users.map(({ name }) => context(name, name)),
        context("away", "tenant", "away"),
      ],
      "current-context": "tenant",
    };
    writeFileSync(folder.join("config"), JSON.stringify(written), { mode: 0o600 });
  }

  const environment = (): Record<string, string> => {
    const { PATH = "", ...rest } = kubectlEnvironment(cluster);
    // No server is ever meant, whatever the environment says.
    const server = { LONGSHORE_SERVER: "http://127.0.0.1:1", LONGSHORE_TOKEN: "x" };
    return {
      ...rest,
      ...server,
      KUBECONFIG: folder.join("config"),
      PATH: [dirname(longshoreProgram), PATH].join(delimiter),
    };
  };
  const plugin = (line: string, input = ""): Promise<Result> =>
    run("kubectl", ["longshore", ...line.split(" ")], { env: environment(), input });
  const startPlugin = (line: string): Running =>
    start("kubectl", ["longshore", ...line.split(" ")], { env: environment(), timeoutMs: 240_000 });
  const said = async (line: string, input?: string): Promise<string> =>
    expectExit(await plugin(line, input), 0).stdout.toString();
  const as = (account: Account | "admin"): string => `--context ${account}`;
  const becomes = (name: string, isWanted: (found: Export | undefined) => boolean) =>
    exportBecomes(cluster.api, { namespace: space.name, name }, isWanted);

  const small = "--source pvc:///source/small --destination pvc:///out/exports";
  const large = "--source pvc:///source/large --destination pvc:///out/exports --level 19 --part-size 256Ki";

  describe("a tenant with the role edit", () => {
    test("tries an export out, and the API server keeps nothing", async () => {
      assert.equal(
        await said(`create export tried ${small} --dry-run=server`),
        "export/tried created (server dry run)\n",
      );
      const shown = parse(await said(`create export tried ${small} --dry-run=server -o yaml`)) as Export;
      assert.equal(shown.spec.partSize, "64Mi", "the defaults are those of the API server");
      const local = parse(await said(`create export tried ${small} --dry-run=client -o yaml`)) as object;
      assert.deepEqual(local, {
        apiVersion: "longshore.dev/v1alpha1",
        kind: "Export",
        metadata: { name: "tried", namespace: space.name },
        spec: {
          source: { volume: { claimName: "source", path: "small" } },
          destination: { volume: { claimName: "out", path: "exports" } },
        },
      });
      assert.match(
        expectOneSentence(expectExit(await plugin("get export tried"), 1)),
        /no Export tried in the namespace/,
      );
    });

    test("makes one, watches it, looks at it, and reads what its worker said", async () => {
      assert.equal(await said(`create export whole ${small}`), "export/whole created\n");
      const watched = expectExit(await plugin("watch export whole"), 0);
      assert.match(watched.stdout.toString(), /^whole Completed: 30 files, 2\.9 KiB in \d parts\n {2}in /);
      const next =
        /\n {2}next {6}`cd (\S+) && (sha256sum [^`]+)` where a pod mounts the claim out at \/mnt\n$/;
      const [, folder = "", check = ""] = next.exec(watched.stdout.toString()) ?? [];
      expectExit(await shell(check, [], { cwd: join(out, folder.replace("/mnt/", "")) }), 0);
      assert.match(await said("get exports"), /^NAME +STATUS +PARTS .*\nwhole +Completed /);
      assert.match(await said("get exports -o wide"), /pvc:\/\/c-plugin-\w+\/source\/small +TarZstd +30 +0/);
      assert.equal(await said("get exp -o name"), "export/whole\n");
      for (const line of [
        `-n ${space.name} get exports -o name`,
        `--context tenant get -n ${space.name} -o name exports`,
      ])
        assert.equal(await said(line), "export/whole\n");
      const found = JSON.parse(await said("get export whole -o json")) as Export;
      assert.equal(found.status?.files, 30);
      const page = await said("describe export whole");
      assert.match(page, new RegExp(`^Name: +whole\nNamespace: +${space.name}\n`));
      assert.match(page, /\nStatus: +Completed\n[^]*\nSucceeded +True +Completed/);
      const log = await said("logs export whole");
      assert.match(log, /^\{"time":"[^\n]*"message":"the worker begins"/);
      assert.match(log, /"message":"the worker is done"/);
      assert.equal((await said("logs export whole --tail 1")).split("\n").length, 2);
      expectExit(await run(longshoreProgram, ["verify", join(out, "exports", space.name, "whole")]), 0);
    });

    test("follows several workers, suspends, resumes, cancels and deletes", async () => {
      await said(`create export long ${large} --workers 2`);
      const following = startPlugin("logs export long --follow");
      const watching = startPlugin("watch export long");
      await becomes("long", (now) => reasonOf(now) === "Packing");
      assert.equal(await said("suspend export long"), "export/long suspended\n");
      await becomes("long", (now) => reasonOf(now) === "Suspended");
      assert.equal(await said("resume export long"), "export/long resumed\n");
      await becomes("long", (now) => reasonOf(now) === "Packing");
      assert.equal(await said("cancel export long"), "export/long cancelled\n");
      const watched = expectExit(await watching.done, 1);
      assert.match(watched.stderr, /\nlong: Suspended.*\n/);
      assert.match(
        watched.stderr,
        /the export c-plugin-\w+\/long ended as Cancell?ed.*`kubectl longshore describe export long` says more\n$/,
      );
      const lines = expectExit(await following.done, 0)
        .stdout.toString()
        .trimEnd()
        .split("\n");
      const pods = new Set(lines.map((line) => /^\[(ls-\w+-[\w-]+)\] ./.exec(line)?.[1]));
      assert.ok(pods.size >= 2 && !pods.has(undefined), lines.join("\n"));
      assert.equal(new Set(lines).size, lines.length, "no line comes twice");
      assert.equal(await said("delete export long --wait"), "export/long deleted\n");
      expectExit(await plugin("get export long"), 1);
    });

    test("makes what a file says, and is told where no worker has begun", async () => {
      const document = {
        apiVersion: "longshore.dev/v1alpha1",
        kind: "Export",
        metadata: { name: "waiting" },
        spec: { source: { volume: { claimName: "source" } }, destination: { name: "outbox" }, suspend: true },
      };
      assert.equal(
        await said("create destination outbox --volume pvc:///out/other"),
        "destination/outbox created\n",
      );
      assert.match(await said("get destinations"), /\noutbox +\S+ +pvc:\/\/c-plugin-\w+\/out\/other /);
      assert.match(await said("describe destination outbox"), /\nVolume: +pvc:/);
      assert.equal(await said("create -f -", JSON.stringify(document)), "export/waiting created\n");
      const { stderr } = expectExit(await plugin("logs export waiting"), 1);
      assert.match(stderr, /^longshore: no worker of the export c-plugin-\w+\/waiting has begun, it is /);
      assert.match(stderr, /`kubectl longshore logs export waiting --follow` waits for one\n$/);
      assert.match(await said(`get exports -A ${as("admin")}`), new RegExp(`\n${space.name} +waiting `));
      assert.equal(await said("delete export waiting --wait --keep-data"), "export/waiting deleted\n");
      assert.equal(await said("delete destination outbox"), "destination/outbox deleted\n");
    });

    test("makes a grant, which has no address yet", async () => {
      const made = expectExit(await plugin("create grant whole --expires-in 2h"), 0);
      assert.match(made.stdout.toString(), /^grant\/whole-\w{8} created\n$/);
      assert.match(made.stderr, /^grant whole-\w{8} for export whole, .*no address/);
      const name = made.stdout.toString().trim().split(/[/ ]/)[1] ?? "";
      assert.match(await said("get grants --export whole"), new RegExp(`\n${name} +whole `));
      assert.equal(await said(`delete grant ${name}`), `grant/${name} deleted\n`);
    });
  });

  describe("what is refused says who refuses it, and what to do", () => {
    const refusals: readonly (readonly [name: string, line: string, code: number, sentence: RegExp])[] = [
      [
        "a rule of the schema",
        `create export bad ${small} --format zip --level 12 --dry-run=server`,
        2,
        /spec\.compressionLevel must be 1 to 22 for TarZstd and 0 to 9 for TarGzip and Zip/,
      ],
      [
        "a folder, of which a cluster has none",
        "create export bad --source /srv --destination outbox",
        2,
        /--source "\/srv" is no place that a cluster has: name a claim as pvc:/,
      ],
      [
        "a claim of another namespace",
        "create export bad --source pvc://other/source --destination outbox",
        2,
        /--source is a claim of the namespace other, and this is for c-plugin-\w+: give --namespace other/,
      ],
      [
        "the admission policy",
        `create export bad ${small} --dry-run=server ${as("exporter")}`,
        1,
        /spec\.source\.volume\.claimName: system:serviceaccount:\S+:exporter may not use the PersistentVolumeClaim source: it takes the verb export on persistentvolumeclaims/,
      ],
      [
        "the role view",
        `create export bad ${small} ${as("viewer")}`,
        1,
        /cannot create resource "exports" in API group "longshore\.dev" in the namespace "c-plugin-\w+": ask whoever runs the cluster for that right: the role edit/,
      ],
      [
        "the role view of a change",
        `suspend export whole ${as("viewer")}`,
        1,
        /cannot patch resource "exports" .*: the role edit/,
      ],
      [
        "a role of one namespace",
        "get exports -A",
        1,
        /cannot list resource "exports" .* at the cluster scope: name a namespace with -n/,
      ],
      [
        "a namespace that is not there",
        `create export bad --source pvc:///source --destination x -n nowhere ${as("admin")}`,
        1,
        /namespaces "nowhere" not found/,
      ],
      [
        "an unknown context",
        "get exports --context nope",
        2,
        /there is no context nope in \S+, only admin, tenant, viewer, exporter, away/,
      ],
      [
        "an API server that is away",
        "get exports --context away",
        1,
        /the API server at https:\/\/127\.0\.0\.1:1 can't be reached: .*ECONNREFUSED/,
      ],
      [
        "a kubeconfig that is not there",
        "get exports --kubeconfig /none",
        2,
        /the kubeconfig \/none can't be read/,
      ],
      ["a command for files of this machine", "verify /x", 2, /run `longshore verify`/],
      ["what a cluster has none of", "get tokens", 2, /kubectl create token/],
    ];
    for (const [name, line, code, sentence] of refusals)
      test(name, async () => {
        assert.match(expectOneSentence(expectExit(await plugin(line), code)), sentence);
      });
  });

  test("who may only look sees exports and their logs", async () => {
    assert.match(await said(`get exports ${as("viewer")}`), /\nwhole +Completed /);
    assert.match(await said(`logs export whole ${as("viewer")}`), /"the worker is done"/);
    assert.match(await said(`describe export whole ${as("viewer")}`), /\nStatus: +Completed\n/);
  });

  test("the guide's commands do what it says, in their order", async () => {
    const reports = await volumes.add("reports");
    fill(join(reports, "2026"), 20, 1000);
    await volumes.add("handover");
    const blocks = [...readFileSync(guide, "utf8").matchAll(/^```console\n([^]*?)^```$/gm)];
    assert.ok(blocks.length > 4);
    for (const [, script = ""] of blocks) {
      const options = { cwd: folder.path, env: environment(), timeoutMs: 240_000 };
      expectExit(await shell(`set -eu\n${script}`, [], options), 0);
    }
    assert.match(await said("get exports"), /\nq3 +Completed /);
  });

  test("`longshore` talks to the same cluster where no server is named", async () => {
    const env = { ...environment(), LONGSHORE_SERVER: "", LONGSHORE_TOKEN: "" };
    const { stdout } = expectExit(await run(longshoreProgram, ["get", "exports"], { env }), 0);
    assert.match(stdout.toString(), /\nwhole +Completed /);
  });
});

interface Kubeconfig {
  readonly clusters: readonly { readonly name: string; readonly cluster: object }[];
  readonly users: readonly { readonly name: string; readonly user: object }[];
}

function fill(folder: string, files: number, size: number): void {
  mkdirSync(folder);
  for (let i = 0; i < files; i++) writeFileSync(join(folder, `${i}`), mixedBytes(size, `${i}`));
}
