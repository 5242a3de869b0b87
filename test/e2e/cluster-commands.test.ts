/**
 * Commands against an API server that misbehaves, is away, or has no Longshore: what people are told, and what they don't
 * notice. The real one is in test/cluster/kubectl-plugin.test.ts.
 */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { after, before, beforeEach, describe, test } from "node:test";
import { openCommandClient } from "../../src/cluster/commands/open-command-client.ts";
import { type InProcess, type InProcessResult, runInProcess } from "../fixtures/in-process.ts";
import { exportSpec } from "../fixtures/played-api.ts";
import { missingProgram, until } from "../fixtures/run.ts";
import {
  type ApiFault,
  type ApiRequest,
  type FaultApiServer,
  startFaultApiServer,
  statusOf,
} from "../servers/fault-api-server.ts";

const key = { namespace: "mine", name: "reports" };
const resources = "exports";

/** An export, as the API server has it. */
const members = (reason: string, more: object = {}): object => ({
  spec: exportSpec,
  status: {
    conditions: [
      {
        type: "Succeeded",
        status: reason === "Completed" ? "True" : reason === "Failed" ? "False" : "Unknown",
        reason,
        message: "so it is",
        lastTransitionTime: "2026-01-31T12:00:00Z",
      },
    ],
    ...more,
  },
});
const packed = (parts: number): object => ({
  display: { parts: `${parts}/4`, size: "1Ki" },
  parts: { total: 4, succeeded: parts, reused: 0, failed: 0 },
  progress: {
    plannedBytes: 1000,
    plannedFiles: 10,
    plannedParts: 4,
    planned: true,
    bytes: parts * 250,
    files: 1,
  },
});

describe("commands and a cluster", { skip: missingProgram("openssl") }, () => {
  let server: FaultApiServer;
  before(async () => {
    server = await startFaultApiServer();
  });
  after(() => server[Symbol.asyncDispose]());
  beforeEach(() => {
    server.fault = () => undefined;
    server.remove(resources, key);
  });

  const inCluster = (
    line: string,
    environment: Readonly<Record<string, string>> = { KUBECONFIG: server.kubeconfig() },
    more: InProcess = {},
  ): Promise<InProcessResult> =>
    runInProcess(line.split(" "), {
      program: "kubectl longshore",
      cluster: {
        isNamed: async () => true,
        open: async (options) =>
          openCommandClient(options, { environment, home: "/nonexistent", complain: assert.fail }),
      },
      ...more,
    });
  const put = (...given: Parameters<typeof members>): void =>
    void server.put(resources, key, members(...given));
  /** Once, of the requests that are meant. */
  const faultOnce = (isMeant: (request: ApiRequest) => boolean, ...faults: readonly ApiFault[]): void => {
    const left = [...faults];
    server.fault = (request) => (isMeant(request) ? left.shift() : undefined);
  };
  const isWatch = ({ isWatch: is }: ApiRequest): boolean => is;
  const watchesSoFar = (): number => server.requests.filter((request) => request.startsWith("watch ")).length;
  /** Resolves when one more was begun since there were so many. */
  const watchedSince = (count: number): Promise<void> =>
    until("a watch", () => watchesSoFar() > count && server.watches > 0);

  describe("watch", () => {
    const following = async () => {
      const before = watchesSoFar();
      put("Pending");
      const written = { stderr: "" };
      const ended = inCluster("watch export reports", undefined, {
        onOutput: ({ stderr }) => {
          written.stderr = stderr;
        },
      });
      await watchedSince(before);
      const told = (line: string): Promise<void> =>
        until(line, () => written.stderr.includes(`reports: ${line}\n`));
      return { ended, told };
    };

    test("goes on through a reset, a forgotten version and a restart, and tells each state once", async () => {
      const { ended, told } = await following();
      put("Planning");
      await told("Planning");
      faultOnce(
        isWatch,
        { how: "watch", after: 0, ending: "reset" },
        { how: "watch", after: 0, ending: "end" },
      );
      await server.leave();
      put("Packing", packed(1));
      server.forget();
      await server.comeBack();
      await told("Packing, 1/4 parts, 25 % of 1000 B");
      put("Packing", packed(2));
      await told("Packing, 2/4 parts, 50 % of 1000 B");
      put("Completed", { ...packed(4), files: 10, bytes: { source: 1000, written: 900, redone: 0 } });
      const { code, stderr, stdout } = await ended;
      assert.equal(code, 0, stderr);
      assert.match(stdout, /^reports Completed: 10 files, 1000 B in 4 parts\n/);
      assert.equal(stderr.trimEnd().split("\n").length, 3, stderr);
    });

    test("bears an API server that begins and does not know all kinds, roles and users yet", async () => {
      const { ended, told } = await following();
      put("Planning");
      await told("Planning");
      faultOnce(
        isWatch,
        { how: "status", code: 404, body: "404 page not found" },
        { how: "status", code: 403, body: statusOf(403, "Forbidden", "not yet") },
        { how: "status", code: 401, body: statusOf(401, "Unauthorized", "not yet") },
        { how: "status", code: 500, body: statusOf(500, "InternalError", "not yet") },
      );
      await server.leave();
      await server.comeBack();
      put("Failed");
      const { code, stderr } = await ended;
      assert.equal(code, 1);
      assert.match(
        stderr,
        /the export mine\/reports ended as Failed, so it is: `kubectl longshore describe export reports` says/,
      );
    });

    test("says that it was deleted, also where nobody saw it go", async () => {
      for (const isSeen of [true, false]) {
        const { ended } = await following();
        if (isSeen) server.remove(resources, key);
        else {
          await server.leave();
          server.remove(resources, key);
          server.forget();
          await server.comeBack();
        }
        const { code, stderr } = await ended;
        assert.equal(code, 1);
        assert.match(
          stderr,
          /^longshore: (the export mine\/reports was deleted|there is no Export reports in the)/m,
        );
      }
    });

    test("has a bar on a terminal, and 3 where there are differences", async () => {
      put("Packing", packed(1));
      const before = watchesSoFar();
      const ended = inCluster("watch export reports", undefined, { isTerminal: true });
      await watchedSince(before);
      put("Packing", packed(3));
      put("Completed", { ...packed(4), differences: 2 });
      const { code, stderr } = await ended;
      assert.equal(code, 3, stderr);
      assert.ok(stderr.endsWith("\r\x1b[K"));
    });

    test("ends at once where watching is not allowed", async () => {
      put("Pending");
      const sentence = 'User "eve" cannot watch resource "exports"';
      server.fault = ({ isWatch: is }) =>
        is ? { how: "status", code: 403, body: statusOf(403, "Forbidden", sentence) } : undefined;
      const { code, stderr } = await inCluster("watch export reports");
      assert.equal(code, 1);
      assert.match(stderr, /cannot watch resource/);
    });

    test("get --watch tells what changes, and what goes", async () => {
      put("Pending");
      const stop = new AbortController();
      const before = watchesSoFar();
      const ended = inCluster("get exports --watch -o json", undefined, {
        signal: stop.signal,
        onOutput: ({ stdout }) => {
          if (stdout.includes("deletionTimestamp")) stop.abort();
        },
      });
      await watchedSince(before);
      put("Packing");
      server.remove(resources, key);
      const { code, stdout } = await ended;
      assert.equal(code, 130);
      const reasons = stdout
        .trimEnd()
        .split("\n")
        .map(
          (line) =>
            (JSON.parse(line) as { status: { conditions: { reason: string }[] } }).status.conditions[0]
              ?.reason,
        );
      assert.deepEqual(reasons, ["Pending", "Packing", "Packing"]);
    });
  });

  describe("one line says what is wrong, and what to do next", () => {
    const missing = statusOf(404, "NotFound", "the server could not find the requested resource");
    const cases: readonly {
      readonly name: string;
      readonly fault?: ApiFault;
      readonly line?: string;
      readonly environment?: Readonly<Record<string, string>>;
      readonly says: RegExp;
    }[] = [
      {
        name: "no Longshore in the cluster",
        fault: { how: "status", code: 404, body: missing },
        says: /^longshore: Longshore is not installed in the cluster at https:\/\/127\S+: install it: `kubectl longshore install \| kubectl apply --server-side -f -`$/,
      },
      {
        name: "no right",
        fault: {
          how: "status",
          code: 403,
          body: statusOf(
            403,
            "Forbidden",
            'User "eve" cannot list resource "exports" in the namespace "mine"',
          ),
        },
        says: /User "eve" cannot list resource "exports" in the namespace "mine": ask .* the role view /,
      },
      {
        name: "no valid token",
        fault: { how: "status", code: 401, body: statusOf(401, "Unauthorized", "Unauthorized") },
        says: /^longshore: Unauthorized: check the user of the kubeconfig's context/,
      },
      {
        name: "an API server that is not well",
        fault: { how: "status", code: 500, body: statusOf(500, "InternalError", "etcdserver: no leader") },
        says: /^longshore: etcdserver: no leader: .*API server's log$/,
      },
      {
        name: "a line that breaks",
        fault: { how: "reset" },
        says: /^longshore: the API server at \S+ can't be reached: /,
      },
      { name: "no cluster", environment: {}, says: /^longshore: no cluster is named: set KUBECONFIG / },
      {
        name: "a KUBECONFIG that is not there",
        environment: { KUBECONFIG: "/none:/nothing" },
        says: /^longshore: KUBECONFIG names \/none, \/nothing, which is not there: /,
      },
      {
        name: "a server's option",
        line: "get exports --server http://x",
        says: /talks to a cluster, not to a server/,
      },
      {
        name: "what a server alone has",
        line: "get audit",
        says: /no audit of Longshore: look into the audit log of its API/,
      },
      { name: "files", line: "get files reports", says: /: use `longshore ls LOCATION` where / },
      {
        name: "a command of this machine",
        line: "export /a /b",
        says: /^longshore: `export` is no command of the plugin/,
      },
      {
        name: "a command of this machine, after an option",
        line: "-n x verify /a",
        says: /^longshore: `verify` is no command of the plugin/,
      },
      {
        name: "credentials of what is no bucket",
        line: "create export x --source pvc:///a --source-credentials s --destination out",
        says: /--source-credentials go with a bucket alone/,
      },
      {
        name: "a way out of a volume",
        line: "create export x --source pvc:///a/../b --destination out",
        says: /^longshore: --source: a pvc:\/\/ location must be /,
      },
      {
        name: "a destination of no place",
        line: "create destination x",
        says: /a --bucket or a --volume: see `kubectl longshore --help`$/,
      },
      {
        name: "a dry run that is waited for",
        line: "create export x --source pvc:///a --destination out --dry-run server --wait",
        says: /--wait goes with neither --dry-run nor --output/,
      },
    ];
    for (const { name, fault, line = "get exports", environment, says } of cases)
      test(name, async () => {
        server.fault = () => fault;
        const { code, stdout, stderr } = await inCluster(line, environment);
        assert.ok(code === 1 || code === 2);
        assert.match(stderr.trimEnd(), says);
        assert.ok(!stdout.includes("NAME"));
        assert.equal(stderr.trimEnd().split("\n").length, 1, stderr);
      });
  });

  test("a read is asked again where the API server is away for a moment, a creation is not", async () => {
    put("Pending");
    faultOnce(
      () => true,
      { how: "reset" },
      { how: "status", code: 503, body: {} },
      { how: "status", code: 429, body: {} },
    );
    assert.equal((await inCluster("get export reports -o name")).stdout, "export/reports\n");
    server.remove(resources, key);
    faultOnce(({ method }) => method === "POST", { how: "lose" });
    const create = "create export reports --source pvc:///a --destination out";
    assert.match((await inCluster(create)).stderr, /can't be reached/);
    assert.match((await inCluster(create)).stderr, /^longshore: Export mine\/reports exists: /);
  });

  test("a dry run of the client sends nothing, and names everything in the document", async () => {
    const before = server.requests.length;
    const options =
      "--source pvc://mine/reports/2026/q%201 --destination s3://out/a --destination-credentials keys --workers 4";
    const { stdout, stderr } = await inCluster(`create export x ${options} --dry-run client -o json`);
    assert.equal(stderr, "");
    assert.deepEqual(JSON.parse(stdout), {
      apiVersion: "longshore.dev/v1alpha1",
      kind: "Export",
      metadata: { name: "x", namespace: "mine" },
      spec: {
        source: { volume: { claimName: "reports", path: "2026/q 1" } },
        destination: { bucket: { url: "s3://out/a", credentialsSecretRef: { name: "keys" } } },
        workers: { mode: "Indexed", count: 4 },
      },
    });
    assert.match(
      (await inCluster(`create export x ${options} --dry-run client`)).stdout,
      /^export\/x created \(dry run\)\n$/,
    );
    assert.equal(server.requests.length, before);
  });

  test("nothing has to be there for a dry run of the client that says its namespace", async () => {
    const nowhere = { KUBECONFIG: "/none" };
    const line = "--dry-run client -o name -n mine";
    for (const [made, name] of [
      ["export x --source pvc:///a --destination out", "export/x"],
      ["destination x --volume pvc:///a", "destination/x"],
    ] as const) {
      const { stdout, stderr } = await inCluster(`create ${made} ${line}`, nowhere);
      assert.deepEqual([stdout, stderr], [`${name}\n`, ""]);
    }
    const document = await inCluster(
      "create export x --source pvc:///a --destination out --dry-run client -o json -n mine",
      nowhere,
    );
    const given = await inCluster(`create -f - ${line}`, nowhere, { stdin: document.stdout });
    assert.deepEqual([given.stdout, given.stderr], ["export/x\n", ""]);
    const folder = await inCluster(`create export x --source /a --destination out ${line}`, nowhere);
    assert.match(folder.stderr, /"\/a" is no place that a cluster has/);
  });

  test("what is made and waited for says where it is, and what to do next", async () => {
    const end = async (location: string): Promise<string> => {
      put("Completed", { location });
      const { stdout } = await inCluster("watch export reports");
      return stdout.split("\n").slice(1).join("\n");
    };
    assert.equal(
      await end("pvc://mine/out/a%20b/reports"),
      `  in        pvc://mine/out/a%20b/reports
  next      \`cd '/mnt/a b/reports' && sha256sum --quiet -c SHA256SUMS\` where a pod mounts the claim out at /mnt
`,
    );
    assert.equal(
      await end("s3://out/reports?region=x"),
      `  in        s3://out/reports?region=x
  next      \`longshore verify 's3://out/reports?region=x'\` reads every byte of it
`,
    );
  });

  test("logs are those of the export's pods, safe for a terminal, and prefixed where they are several", async () => {
    put("Packing");
    const pod = (name: string): void =>
      void server.put(
        "pods",
        { namespace: "mine", name },
        { kind: "Pod", apiVersion: "v1", status: { phase: "Running" } },
      );
    server.fault = ({ path }) =>
      path.endsWith("/log")
        ? { how: "status", code: 200, body: `2026-01-01T00:00:00.5Z of ${path.split("/").at(-2)} \x1b[31m\n` }
        : undefined;
    const none = await inCluster("logs export reports");
    assert.deepEqual([none.code, none.stdout], [1, ""]);
    assert.match(
      none.stderr,
      /no worker of the export mine\/reports has begun, it is Packing, so it is: `kubectl longshore logs/,
    );
    pod("a");
    assert.equal((await inCluster("logs export reports")).stdout, "of a \\033[31m\n");
    pod("b");
    assert.equal((await inCluster("logs export reports")).stdout, "[a] of a \\033[31m\n[b] of b \\033[31m\n");
    for (const name of ["a", "b"]) server.remove("pods", { namespace: "mine", name });
    put("Completed");
    assert.match(
      (await inCluster("logs export reports")).stderr,
      /the pods of the export mine\/reports are gone with their logs/,
    );
  });

  test("the namespace is the context's, the one that is named, or all", async () => {
    put("Pending");
    server.put(resources, { namespace: "other", name: "theirs" }, members("Pending"));
    const names = async (line: string): Promise<string> => (await inCluster(`${line} -o name`)).stdout;
    assert.equal(await names("get exports"), "export/reports\n");
    assert.equal(await names("get exports -n other"), "export/theirs\n");
    assert.equal(await names("-n other get exports"), "export/theirs\n");
    assert.equal(await names("get --namespace=other exports"), "export/theirs\n");
    assert.equal(await names("get exports -A"), "export/reports\nexport/theirs\n");
    assert.equal(await names("get -A exports"), "export/reports\nexport/theirs\n");
    server.remove(resources, { namespace: "other", name: "theirs" });
  });

  describe("`longshore` itself", () => {
    const asked: object[] = [];
    const choose = (line: string, given: InProcess, isNamed = true): Promise<InProcessResult> =>
      runInProcess(line.split(" "), {
        ...given,
        cluster: {
          isNamed: async () => isNamed,
          open: async (options) => {
            asked.push(options);
            throw new Error("the cluster is meant");
          },
        },
      });
    const cluster = /the cluster is meant/;
    const cases: readonly (readonly [
      name: string,
      line: string,
      url: string | undefined,
      isNamed: boolean,
      says: RegExp,
    ])[] = [
      [
        "a server that is named",
        "get exports",
        "http://127.0.0.1:9",
        true,
        /no token for the server 127\.0\.0\.1:9/,
      ],
      ["a cluster where no server is", "get exports", undefined, true, cluster],
      ["a cluster that is asked for", "get exports --context x", "http://127.0.0.1:9", false, cluster],
      ["neither", "get exports", "", false, /no server is named: set LONGSHORE_SERVER .* or KUBECONFIG/],
      [
        "both",
        "get exports --context x --server http://h",
        undefined,
        true,
        /both a server and a cluster are named/,
      ],
    ];
    for (const [name, line, url, isNamed, says] of cases)
      test(`takes ${name}`, async () => {
        const { stderr } = await choose(line, url === undefined ? {} : { server: { url } }, isNamed);
        assert.match(stderr, says);
      });
  });

  test("a kubeconfig of several files needs one that is there", async () => {
    put("Pending");
    const KUBECONFIG = `/none:${server.kubeconfig()}`;
    assert.equal((await inCluster("get exports -o name", { KUBECONFIG })).stdout, "export/reports\n");
    const broken = `${server.folder}/broken`;
    writeFileSync(broken, "no: kubeconfig: at all");
    const { stderr } = await inCluster(`get exports --kubeconfig ${broken}`, {});
    assert.match(stderr, /broken is no kubeconfig/);
  });
});
