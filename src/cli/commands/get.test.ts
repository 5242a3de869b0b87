import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { describe, test } from "node:test";
import { parseAllDocuments } from "yaml";
import { type InProcess, runInProcess } from "../../../test/fixtures/in-process.ts";
import { exportSpec, PlayedApi, succeeded } from "../../../test/fixtures/played-api.ts";
import { temporaryFolder } from "../../../test/fixtures/run.ts";

const accessTo = (api: PlayedApi) => ({ server: { url: api.url, token: api.token } });

async function get(api: PlayedApi, argv: readonly string[], more: InProcess = {}) {
  const result = await runInProcess(["get", ...argv], { ...accessTo(api), ...more });
  return { ...result, lines: result.stdout.split("\n").slice(0, -1) };
}

function putSome(api: PlayedApi): void {
  api.put("Export", "running", {
    spec: exportSpec,
    status: {
      ...succeeded("Unknown", "Packing", "3 of 10"),
      parts: { total: 10, succeeded: 3, reused: 0, failed: 0 },
    },
  });
  api.put("Export", "done", {
    spec: { ...exportSpec, destination: { directory: { path: "/mnt/out" } } },
    status: {
      ...succeeded("True", "Succeeded", "all is there"),
      display: { parts: "10/10", size: "1.2 GiB" },
      files: 12_345,
      differences: 2,
      expirationTime: "2026-02-07T12:30:00.000Z",
    },
  });
  api.put("Export", "new", { spec: exportSpec });
}

describe("get exports", () => {
  test("a table of what there is", async () => {
    await using api = await PlayedApi.start();
    putSome(api);
    const { code, stdout, stderr } = await get(api, ["exports"]);
    assert.equal(
      stdout,
      [
        "NAME      STATUS      PARTS   SIZE      DESTINATION   EXPIRES   AGE",
        "running   Packing     3/10    -         outbox        -         30m",
        "done      Succeeded   10/10   1.2 GiB   /mnt/out      in 7d     30m",
        // Of the next page.
        "new       Pending     -       -         outbox        -         30m",
        "",
      ].join("\n"),
    );
    assert.deepEqual([code, stderr], [0, ""]);
  });

  test("wide says more, and all namespaces are named", async () => {
    await using api = await PlayedApi.start();
    putSome(api);
    api.put("Export", "theirs", { spec: exportSpec }, "team");
    const { lines } = await get(api, ["exp", "-A", "-o", "wide"]);
    assert.match(lines[0] ?? "", /^NAMESPACE +NAME .* SOURCE +FORMAT +FILES +DIFFERENCES +MESSAGE$/);
    assert.match(lines[2] ?? "", /^default +done .* \/srv\/reports +TarZstd +12,345 +2 +all is there$/);
    assert.match(lines[4] ?? "", /^team +theirs /);
    assert.deepEqual((await get(api, ["exports", "-n", "team", "-o", "name"])).lines, ["export/theirs"]);
  });

  test("json is one document of the kind of list, however many pages there were", async () => {
    await using api = await PlayedApi.start();
    for (const filled of [false, true]) {
      if (filled) putSome(api);
      const { stdout } = await get(api, ["exports", "-o", "json"]);
      const list = JSON.parse(stdout) as {
        apiVersion: string;
        kind: string;
        items: { metadata: { name: string } }[];
      };
      assert.deepEqual([list.apiVersion, list.kind], ["longshore.dev/v1alpha1", "ExportList"]);
      assert.deepEqual(
        list.items.map(({ metadata }) => metadata.name),
        filled ? ["running", "done", "new"] : [],
      );
    }
    const one = JSON.parse((await get(api, ["export", "done", "-o", "json"])).stdout) as { kind: string };
    assert.equal(one.kind, "Export");
  });

  test("yaml is a document for each", async () => {
    await using api = await PlayedApi.start();
    putSome(api);
    const { stdout } = await get(api, ["exports", "-o", "yaml"]);
    const documents = parseAllDocuments(stdout).map(
      (document) => document.toJS() as { kind: string; spec: object },
    );
    assert.equal(documents.length, 3);
    assert.deepEqual(documents[0]?.spec, exportSpec);
  });

  test("nothing is said on standard error alone", async () => {
    await using api = await PlayedApi.start();
    const { code, stdout, stderr } = await get(api, ["exports", "-n", "team"]);
    assert.deepEqual([code, stdout, stderr], [0, "", "no exports in the namespace team\n"]);
  });

  test("one that is not there is one sentence", async () => {
    await using api = await PlayedApi.start();
    const { code, stdout, stderr } = await get(api, ["export", "none"]);
    assert.deepEqual([code, stdout], [1, ""]);
    assert.equal(stderr, "longshore: there is no Export none in default: do what the test says\n");
  });

  test("--watch goes on with what changes, in every format, until Ctrl-C", async () => {
    for (const [format, changed] of [
      ["table", /^running +Finalizing /m],
      ["json", /"reason":"Finalizing"/],
      ["yaml", /reason: Finalizing/],
    ] as const) {
      await using api = await PlayedApi.start();
      putSome(api);
      const stop = new AbortController();
      const running = get(api, ["exports", "--watch", "-o", format], {
        signal: stop.signal,
        onOutput: ({ stdout }) => changed.test(stdout) && stop.abort(),
      });
      await api.untilStreams(1);
      api.remove("Export", "new");
      api.put("Export", "running", { status: succeeded("Unknown", "Finalizing") });
      const { code, stdout } = await running;
      assert.equal(code, 130);
      if (format === "table") assert.match(stdout, /^new +Deleting .*\n^running +Finalizing /m);
      if (format === "json") for (const line of stdout.trim().split("\n")) JSON.parse(line);
    }
  });

  test("--watch of one export", async () => {
    await using api = await PlayedApi.start();
    putSome(api);
    const stop = new AbortController();
    const running = get(api, ["export", "new", "-w"], {
      signal: stop.signal,
      onOutput: ({ stdout }) => stdout.includes("Planning") && stop.abort(),
    });
    await api.untilStreams(1);
    api.put("Export", "running", { status: succeeded("Unknown", "Finalizing") });
    api.put("Export", "new", { status: succeeded("Unknown", "Planning") });
    const { lines } = await running;
    assert.deepEqual(
      lines.map((line) => line.split(/ +/).slice(0, 2).join(" ")),
      ["NAME STATUS", "new Pending", "new Planning"],
    );
  });
});

describe("get of the others", () => {
  test("destinations", async () => {
    await using api = await PlayedApi.start();
    const status = { conditions: [{ ...succeeded("True", "Allowed")["conditions"][0], type: "Ready" }] };
    api.put("ExportDestination", "outbox", { spec: { directory: { path: "/mnt/handover" } }, status });
    for (const word of ["destination", "destinations", "expdest", "exportdestinations"]) {
      const { lines } = await get(api, [word]);
      assert.deepEqual(
        lines,
        ["NAME     STATUS    PLACE           AGE", "outbox   Allowed   /mnt/handover   30m"],
        word,
      );
    }
    assert.equal((await get(api, ["destination", "outbox", "-o", "name"])).stdout, "destination/outbox\n");
    api.put("ExportDestination", "far", { spec: { bucket: { url: "s3://handover/2026" } } });
    const { lines } = await get(api, ["destinations"]);
    assert.match(lines[2] ?? "", /^far +- +s3:\/\/handover\/2026 /);
  });

  test("grants, of all exports or one", async () => {
    await using api = await PlayedApi.start();
    const spec = { exportRef: { name: "reports" }, expiresInSeconds: 86_400, revoked: false };
    api.put("Export", "reports", { spec: exportSpec });
    api.put("DownloadGrant", "g1", {
      spec: { ...spec, maxBytes: "10Gi", description: "ACME" },
      status: { bytesServed: 2 ** 20 },
    });
    api.put("DownloadGrant", "g2", { spec: { ...spec, revoked: true } });
    const { lines } = await get(api, ["grants"]);
    assert.deepEqual(lines, [
      "NAME   EXPORT    STATUS    EXPIRES   USED                  AGE   DESCRIPTION",
      "g1     reports   -         in 23h    1.0 MiB of 10.0 GiB   30m   ACME",
      "g2     reports   Revoked   in 23h    0 B                   30m   -",
    ]);
    assert.equal(
      (await get(api, ["grants", "--export", "reports", "-o", "name"])).stdout,
      "grant/g1\ngrant/g2\n",
    );
    assert.match(api.asked.at(-1)?.url ?? "", /\/exports\/reports\/grants/);
  });

  test("tokens, and one of them", async () => {
    await using api = await PlayedApi.start();
    const createdAt = "2026-01-31T12:00:00.000Z";
    api.tokens.set("admin", { name: "admin", role: "admin", createdAt });
    api.tokens.set("ci", { name: "ci", role: "reader", createdAt, expiresAt: "2026-01-31T12:20:00.000Z" });
    assert.deepEqual((await get(api, ["tokens"])).lines, [
      "NAME    ROLE     EXPIRES   AGE",
      "admin   admin    -         30m",
      "ci      reader   expired   30m",
    ]);
    assert.match((await get(api, ["token", "ci", "-o", "yaml"])).stdout, /^name: ci$/m);
    assert.equal((await get(api, ["token", "none"])).code, 1);
  });

  test("the audit, as far back as was asked", async () => {
    await using api = await PlayedApi.start();
    api.audit = [5, 4, 3, 2, 1].map((id) => ({
      id,
      time: "2026-01-31T12:00:00.123Z",
      actor: "grant:g1",
      action: "download",
      kind: "Export",
      namespace: "default",
      name: id % 2 === 0 ? "even" : "odd",
      status: 206,
      address: "10.0.0.7",
      download: { file: "odd.tar.zst", ranges: "0-1023", bytes: 1024, complete: id !== 5 },
    }));
    const { lines } = await get(api, ["audit", "--limit", "3"]);
    assert.equal(lines.length, 4);
    assert.match(
      lines[1] ?? "",
      /^2026-01-31T12:00:00Z +grant:g1 +download +Export default\/odd +206 +10\.0\.0\.7 +odd\.tar\.zst, 1\.0 KiB, cut short$/,
    );
    const { items } = JSON.parse((await get(api, ["audit", "odd", "-o", "json"])).stdout) as {
      items: { id: number }[];
    };
    assert.deepEqual(
      items.map(({ id }) => id),
      [5, 3, 1],
    );
  });

  test("files, page by page, with names as bytes", async () => {
    await using api = await PlayedApi.start();
    api.put("Export", "reports", { spec: exportSpec });
    const file = { type: "file", size: 2048, mtime: "1769860800000000000", mode: 0o640, uid: 0, gid: 7 };
    api.files.set("files", {
      path: "",
      entries: [
        { type: "directory", name: "2026", path: "2026/" },
        { ...file, name: "x", pathBase64: Buffer.from("caf\xe9\n", "latin1").toString("base64") },
      ],
      cursor: "2",
    });
    api.files.set("files?cursor=2", {
      path: "",
      entries: [{ ...file, type: "symlink", size: 0, name: "l", path: "l", linkTarget: "2026/a\\b" }],
    });
    api.files.set("files/2026/", { path: "2026/", entries: [] });
    api.files.set("files/2026/q1%C3%BC.csv", { entry: { ...file, name: "q1ü.csv", path: "2026/q1ü.csv" } });
    assert.deepEqual((await get(api, ["files", "reports", "-o", "wide"])).lines, [
      "TYPE        MODE   OWNER      SIZE   MODIFIED              NAME",
      "directory   -      -             -   -                     2026/",
      "file        0640   0/7     2.0 KiB   2026-01-31 12:00:00   caf\\351\\n",
      "symlink     0640   0/7         0 B   2026-01-31 12:00:00   l -> 2026/a\\\\b",
    ]);
    assert.equal((await get(api, ["files", "reports", "2026/"])).stderr, "no entries\n");
    assert.equal(
      (await get(api, ["files", "reports", "2026/q1ü.csv", "-o", "name"])).stdout,
      "2026/q1ü.csv\n",
    );
  });
});

describe("describe", () => {
  test("an export, with its conditions", async () => {
    await using api = await PlayedApi.start();
    putSome(api);
    const { stdout } = await runInProcess(["describe", "export", "done"], accessTo(api));
    for (const line of [
      /^Name: +done$/m,
      /^Made: +2026-01-31T12:00:00Z \(30m ago\)$/m,
      /^Source: +\/srv\/reports$/m,
      /^Format: +TarZstd, level 3, parts of 64Mi$/m,
      /^Expires: +2026-02-07T12:30:00Z \(in 7d\)$/m,
      /^Not as planned: +2$/m,
      /^CONDITION +STATUS +REASON +SINCE +MESSAGE\nSucceeded +True +Succeeded +25m +all is there$/m,
    ])
      assert.match(stdout, line);
    assert.doesNotMatch(stdout, /undefined|NaN|null/);
  });

  test("a destination and a grant", async () => {
    await using api = await PlayedApi.start();
    api.put("ExportDestination", "outbox", { spec: { directory: { path: "/mnt" } } });
    api.put("DownloadGrant", "g1", {
      spec: { exportRef: { name: "reports" }, expiresInSeconds: 3600, revoked: false },
    });
    const destination = await runInProcess(["describe", "destination", "outbox"], accessTo(api));
    assert.match(destination.stdout, /^Directory: +\/mnt$/m);
    api.put("ExportDestination", "far", { spec: { bucket: { url: "s3://handover/2026" } } });
    const bucket = await runInProcess(["describe", "destination", "far"], accessTo(api));
    assert.match(bucket.stdout, /^Bucket: +s3:\/\/handover\/2026$/m);
    const grant = await runInProcess(["describe", "grant", "g1"], accessTo(api));
    assert.match(grant.stdout, /^Ends: +2026-01-31T13:00:00Z \(in 30m\)$/m);
  });
});

describe("a hostile server", () => {
  test("steers no terminal, whatever it says and however it is printed", async () => {
    await using api = await PlayedApi.start();
    const evil = "\x1b]0;owned\x07\x9b31m\u202e\r\nline\x85two\x7f";
    api.put("Export", "evil", {
      spec: { ...exportSpec, source: { directory: { path: `/srv/${evil}` } }, include: [evil] },
      status: { ...succeeded("Unknown", evil, evil), display: { parts: evil, size: evil }, location: evil },
      metadata: { labels: { [evil]: evil } },
    });
    api.files.set("files", {
      path: "",
      entries: [{ type: "file", name: evil, path: evil, linkTarget: evil }],
    });
    const problem = JSON.stringify({ code: "Forbidden", detail: evil, hint: evil });
    const commands = [
      ...["table", "wide", "json", "yaml", "name"].flatMap((format) => [
        ["get", "exports", "-o", format],
        ["get", "export", "evil", "-o", format],
        ["get", "files", "evil", "-o", format],
      ]),
      ["describe", "export", "evil"],
    ];
    const run = async (argv: readonly string[]): Promise<void> => {
      const { stdout, stderr } = await runInProcess(argv, accessTo(api));
      // oxlint-disable-next-line no-control-regex -- what steers terminals is what is looked for
      assert.doesNotMatch(stdout + stderr, /[\x00-\x09\x0b-\x1f\x7f-\x9f]/, argv.join(" "));
    };
    for (const argv of commands) await run(argv);
    const { stdout } = await runInProcess(["get", "export", "evil", "-o", "yaml"], accessTo(api));
    const back = parseAllDocuments(stdout)[0]?.toJS() as { spec: { include: string[] } };
    assert.deepEqual(back.spec.include, [evil], "yaml says what was said");
    const json = JSON.parse(
      (await runInProcess(["get", "export", "evil", "-o", "json"], accessTo(api))).stdout,
    ) as typeof back;
    assert.deepEqual(json.spec.include, [evil], "json says what was said");
    for (const argv of [
      ["get", "exports"],
      ["get", "exports", "--verbose"],
      ["create", "grant", "evil"],
    ]) {
      api.faults.push({ status: 403, body: problem });
      await run(argv);
    }
  });
});

describe("which server", () => {
  const wrong: [name: string, argv: string[], given: InProcess, message: RegExp][] = [
    ["no server", ["exports"], {}, /^longshore: no server is named: set LONGSHORE_SERVER /],
    ["an empty one", ["exports"], { server: { url: "", token: "x" } }, /no server is named/],
    ["one that is no address", ["exports", "--server", "host"], { server: { token: "x" } }, /no http/],
    [
      "no token",
      ["exports"],
      { server: { url: "http://127.0.0.1:9" } },
      /no token .* 127\.0\.0\.1:9 .*LONGSHORE_TOKEN/,
    ],
    [
      "a token file that is not there",
      ["exports", "--token-file", "/none"],
      { server: { url: "http://h" } },
      /\/none can't be read/,
    ],
    [
      "an empty token file",
      ["exports", "--token-file", "/dev/null"],
      { server: { url: "http://h" } },
      /\/dev\/null is empty/,
    ],
    ["-A with a name", ["exports", "x", "-A"], {}, /--all-namespaces/],
    ["-A with --watch", ["exports", "-A", "-w"], {}, /--watch/],
    ["an unknown kind", ["ports"], {}, /unknown command 'ports'.*exports/],
    ["an unknown format", ["exports", "-o", "xml"], {}, /xml/],
  ];
  for (const [name, argv, given, message] of wrong)
    test(`${name} is wrong usage`, async () => {
      const { code, stdout, stderr } = await runInProcess(["get", ...argv], given);
      assert.deepEqual([code, stdout], [2, ""], stderr);
      assert.match(stderr, message);
      assert.equal(stderr.split("\n").length, 2, stderr);
    });

  test("one that isn't there is a failure that names it", async () => {
    const api = await PlayedApi.start();
    const given = accessTo(api);
    await api[Symbol.asyncDispose]();
    const { code, stderr } = await runInProcess(["get", "exports"], given);
    assert.equal(code, 1);
    assert.equal(
      stderr,
      `longshore: the server ${given.server.url} can't be reached (ECONNREFUSED): check the address in LONGSHORE_SERVER and that the server runs\n`,
    );
  });

  test("options go before the environment", async () => {
    await using api = await PlayedApi.start();
    await using folder = temporaryFolder();
    const file = folder.join("token");
    writeFileSync(file, `${api.token}\n`);
    const { code } = await runInProcess(["get", "exports", "--server", api.url, "--token-file", file], {
      server: { url: "http://127.0.0.1:9", token: "another" },
    });
    assert.equal(code, 0);
  });

  test("the token is said nowhere", async () => {
    await using api = await PlayedApi.start();
    for (const token of ["nobodys-secret", "nobodys-secret two"]) {
      const { stdout, stderr } = await runInProcess(["get", "exports", "--verbose"], {
        server: { url: api.url, token },
      });
      assert.ok(stderr.length > 10);
      assert.doesNotMatch(stdout + stderr, /nobodys/);
    }
  });
});
