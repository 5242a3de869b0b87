import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { describe, test } from "node:test";
import { type InProcess, runInProcess } from "../../../test/fixtures/in-process.ts";
import { exportSpec, PlayedApi, succeeded } from "../../../test/fixtures/played-api.ts";
import { temporaryFolder } from "../../../test/fixtures/run.ts";

const create = (api: PlayedApi, argv: readonly string[], more: InProcess = {}) =>
  runInProcess(["create", ...argv], { server: { url: api.url, token: api.token }, ...more });

/** What was sent, and where. */
const sent = (api: PlayedApi): { url: string; body: Record<string, unknown> }[] =>
  api.asked
    .filter(({ method }) => method === "POST")
    .map(({ url, body }) => ({ url, body: JSON.parse(body) as Record<string, unknown> }));

/** The played server puts no defaults in; a real one does. */
const answered = (api: PlayedApi, name: string): void =>
  void api.faults.push({ status: 202, body: JSON.stringify(madeExport(name)) });
const madeExport = (name: string) => ({
  apiVersion: "longshore.dev/v1alpha1",
  kind: "Export",
  metadata: {
    name,
    namespace: "default",
    uid: "u",
    resourceVersion: "1",
    generation: 1,
    creationTimestamp: "2026-01-31T12:00:00.000Z",
  },
  spec: exportSpec,
});

describe("create export", () => {
  test("sends what was asked for and nothing else", async () => {
    await using api = await PlayedApi.start();
    answered(api, "reports");
    const { code, stdout, stderr } = await create(api, [
      "export",
      "reports",
      "--source",
      "/srv",
      "--destination",
      "outbox",
    ]);
    assert.deepEqual([code, stdout, stderr], [0, "export/reports created\n", ""]);
    assert.deepEqual(sent(api), [
      {
        url: "/api/v1/namespaces/default/exports",
        body: {
          apiVersion: "longshore.dev/v1alpha1",
          kind: "Export",
          metadata: { name: "reports", namespace: "default" },
          spec: { source: { directory: { path: "/srv" } }, destination: { name: "outbox" } },
        },
      },
    ]);
  });

  test("every option has its place in the document", async () => {
    await using api = await PlayedApi.start();
    answered(api, "reports");
    const options =
      "--source /srv --destination /mnt/out --format tar.gz --level 9 --part-size 1.5Gi --workers 4 --include *.csv --include b/ --exclude .s --differences fail --ttl 7d --previous monday --keep-data -n team";
    const { code, stderr } = await create(api, ["export", "reports", ...options.split(" ")]);
    assert.equal(code, 0, stderr);
    assert.equal(sent(api)[0]?.url, "/api/v1/namespaces/team/exports");
    assert.deepEqual(sent(api)[0]?.body["spec"], {
      source: { directory: { path: "/srv" } },
      destination: { directory: { path: "/mnt/out" } },
      include: ["*.csv", "b/"],
      exclude: [".s"],
      format: "TarGzip",
      compressionLevel: 9,
      partSize: "1.5Gi",
      workers: { mode: "Indexed", count: 4 },
      differences: "Fail",
      ttlSecondsAfterFinished: 604_800,
      previous: { name: "monday" },
      deletionPolicy: "Retain",
    });
  });

  test("a URL of an object store is a bucket, and what it says of new objects goes with it", async () => {
    await using api = await PlayedApi.start();
    answered(api, "events");
    const argv = [
      "export",
      "events",
      "--source",
      "s3://lake/events",
      "--destination",
      "az://out/a?tags=b%3Dc",
    ];
    const { code, stderr } = await create(api, argv);
    assert.equal(code, 0, stderr);
    assert.deepEqual(sent(api)[0]?.body["spec"], {
      source: { bucket: { url: "s3://lake/events" } },
      destination: { bucket: { url: "az://out/a?tags=b%3Dc" } },
    });
  });

  test("options before the verb and the kind hold too", async () => {
    const rest = "x --source /srv --destination o";
    for (const line of [
      `create -n team export ${rest}`,
      `-n team create export ${rest}`,
      `create -n else export ${rest} -n team`,
    ]) {
      await using api = await PlayedApi.start();
      answered(api, "x");
      const server = { url: api.url, token: api.token };
      const { code, stderr } = await runInProcess(line.split(" "), { server });
      assert.equal(code, 0, stderr);
      assert.equal(sent(api)[0]?.url, "/api/v1/namespaces/team/exports");
    }
  });

  test("--wait follows it and tells how it ended", async () => {
    await using api = await PlayedApi.start();
    api.put("Export", "x", {
      spec: exportSpec,
      status: { ...succeeded("True", "Succeeded"), files: 7, differences: 1 },
    });
    answered(api, "x");
    const { code, stdout } = await create(api, [
      "export",
      "x",
      "--source",
      "/srv",
      "--destination",
      "o",
      "--wait",
    ]);
    assert.equal(code, 3);
    assert.match(stdout, /^x Succeeded: 7 files/);
  });

  const wrong: [name: string, argv: string[], message: RegExp][] = [
    ["no source", ["export", "x", "--destination", "o"], /--source/],
    ["no destination", ["export", "x", "--source", "/s"], /--destination/],
    ["a relative source", ["export", "x", "--source", "srv", "--destination", "o"], /absolute/],
    ["a relative destination", ["export", "x", "--source", "/s", "--destination", "./o"], /absolute/],
    [
      "an unknown format",
      ["export", "x", "--source", "/s", "--destination", "o", "--format", "rar"],
      /--format/,
    ],
    [
      "a wrong size",
      ["export", "x", "--source", "/s", "--destination", "o", "--part-size", "0"],
      /--part-size/,
    ],
    [
      "a wrong time",
      ["export", "x", "--source", "/s", "--destination", "o", "--ttl", "7"],
      /--ttl .* 90s, 30m, 24h or 7d/,
    ],
    [
      "a wrong pattern",
      ["export", "x", "--source", "/s", "--destination", "o", "--include", "["],
      /--include/,
    ],
    ["a name of dots", ["export", "x", "--source", "/s", "--destination", "o", "-n", ".."], /namespace/],
    ["a relative directory", ["destination", "x", "--directory", "out"], /absolute/],
    [
      "a source of another scheme",
      ["export", "x", "--source", "ftp://me:hunter2@host/x", "--destination", "o"],
      /^longshore: --source is no absolute path: .*s3:\/\//,
    ],
    [
      "a URL with a secret",
      ["export", "x", "--source", "/s", "--destination", "s3://me:hunter2@bucket/x"],
      /^longshore: --destination: the s3:\/\/ location carries a user or a key before its bucket: /,
    ],
    ["a bucket that is none", ["destination", "x", "--bucket", "/mnt"], /--bucket is no s3:\/\//],
    [
      "a bucket's path that leads out",
      ["destination", "x", "--bucket", "gs://lake/../x"],
      /--bucket: .* \.\. /,
    ],
    ["a destination of no place", ["destination", "x"], /either a --directory, a --bucket or a --volume/],
    [
      "a destination of two places",
      ["destination", "x", "--directory", "/mnt", "--bucket", "s3://lake"],
      /either a --directory, a --bucket or a --volume/,
    ],
    ["a grant that never ends", ["grant", "x", "--expires-in", "9999d"], /--expires-in/],
    ["a grant of nothing", ["grant", "x", "--max-bytes", "0"], /--max-bytes/],
    ["no role", ["token", "x"], /--role/],
    ["an unknown role", ["token", "x", "--role", "root"], /admin, exporter, reader/],
    ["neither a kind nor a file", [], /neither a kind nor a file/],
    ["a kind and a file", ["-f", "x.yaml", "grant", "x"], /--file/],
  ];
  for (const [name, argv, message] of wrong)
    test(`${name} is wrong usage, and nothing is sent`, async () => {
      await using api = await PlayedApi.start();
      const { code, stdout, stderr } = await create(api, argv);
      assert.deepEqual([code, stdout], [2, ""], stderr);
      assert.match(stderr, message);
      assert.equal(stderr.split("\n").length, 2, stderr);
      assert.ok(!stderr.includes("hunter2"), stderr);
      assert.equal(api.asked.length, 0);
    });
});

describe("create of the others", () => {
  test("a destination", async () => {
    await using api = await PlayedApi.start();
    const { stdout } = await create(api, ["expdest", "outbox", "--directory", "/mnt/out"]);
    assert.equal(stdout, "destination/outbox created\n");
    assert.equal(api.objects.get("ExportDestination/default/outbox")?.spec["directory"] !== undefined, true);
    const made = await create(api, ["destination", "far", "--bucket", "s3://handover/2026"]);
    assert.equal(made.stdout, "destination/far created\n");
    assert.deepEqual(api.objects.get("ExportDestination/default/far")?.spec, {
      bucket: { url: "s3://handover/2026" },
    });
    const again = await create(api, ["destination", "outbox", "--directory", "/mnt/out"]);
    assert.equal(again.code, 1);
    assert.match(again.stderr, /^longshore: there is an ExportDestination outbox already: /);
  });

  test("a grant: the address alone on standard output", async () => {
    await using api = await PlayedApi.start();
    api.put("Export", "reports", { spec: exportSpec });
    const { code, stdout, stderr } = await create(api, [
      ..."grant reports --expires-in 48h --max-bytes 10Gi --description".split(" "),
      "ACME, 4711",
    ]);
    assert.equal(code, 0);
    assert.equal(stdout, `${api.url}/d/default/reports/reports.tar.zst?grant=a.b.c\n`);
    assert.match(
      stderr,
      /^grant reports-x7k2p for export reports, until 2026-02-02T12:00:00Z .*, for 10\.0 GiB in all: .* not shown again\n$/,
    );
    assert.doesNotMatch(stderr, /a\.b\.c/);
    assert.deepEqual(sent(api)[0]?.body, {
      expiresInSeconds: 172_800,
      maxBytes: "10Gi",
      description: "ACME, 4711",
    });
    const json = await create(api, ["grant", "reports", "--json"]);
    const document = JSON.parse(json.stdout) as { kind: string; url: string };
    assert.deepEqual([document.kind, document.url, json.stderr], ["DownloadGrant", stdout.trim(), ""]);
    assert.deepEqual(sent(api)[1]?.body, {});
  });

  test("a token: itself alone on standard output", async () => {
    await using api = await PlayedApi.start();
    const { stdout, stderr } = await create(api, [
      "token",
      "nightly",
      "--role",
      "exporter",
      "--expires-in",
      "90d",
    ]);
    assert.equal(stdout, "secret-of-nightly\n");
    assert.match(stderr, /^token nightly with the role exporter, .* not shown again\n$/);
    assert.doesNotMatch(stderr, /secret/);
    assert.deepEqual(sent(api)[0]?.body, { name: "nightly", role: "exporter", expiresInSeconds: 7_776_000 });
    const json = await create(api, ["token", "ci", "--role", "reader", "--json"]);
    assert.equal((JSON.parse(json.stdout) as { token: string }).token, "secret-of-ci");
  });
});

const file = `# Several kinds
apiVersion: longshore.dev/v1alpha1
kind: ExportDestination
metadata: { name: outbox }
spec: { directory: { path: /mnt/out } }
---
apiVersion: longshore.dev/v1alpha1
kind: Export
metadata: { name: reports, labels: { team: a }, annotations: { longshore.dev/request: x, own: y }, uid: old }
spec: ${JSON.stringify(exportSpec)}
status: { files: 3 }
---
---
apiVersion: longshore.dev/v1alpha1
kind: DownloadGrant
metadata: {}
spec: { exportRef: { name: reports }, expiresInSeconds: 60 }
`;

describe("create -f", () => {
  test("makes what a file describes, in its order", async () => {
    await using api = await PlayedApi.start();
    await using folder = temporaryFolder();
    writeFileSync(folder.join("all.yaml"), file);
    const { code, stdout, stderr } = await create(api, ["-f", folder.join("all.yaml")]);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^destination\/outbox created\nexport\/reports created\nhttp:\S+grant=a\.b\.c\n$/);
    assert.deepEqual(sent(api)[1]?.body["metadata"], {
      name: "reports",
      namespace: "default",
      labels: { team: "a" },
      annotations: { own: "y" },
    });
    assert.ok(!("status" in (sent(api)[1]?.body ?? {})));
    assert.deepEqual(sent(api)[2]?.body, { expiresInSeconds: 60 });
  });

  test("takes standard input, in another namespace", async () => {
    await using api = await PlayedApi.start();
    const { stdout } = await create(api, ["-f", "-", "-n", "team"], { stdin: file });
    assert.match(stdout, /^export\/reports created$/m);
    assert.ok(api.objects.has("Export/team/reports"));
  });

  test("takes what get prints, in both formats", async () => {
    await using from = await PlayedApi.start();
    for (const name of ["a", "b", "c"])
      from.put("Export", name, { spec: exportSpec, metadata: { labels: { x: name } } });
    for (const format of ["json", "yaml"]) {
      await using to = await PlayedApi.start();
      const server = { url: from.url, token: from.token };
      const { stdout } = await runInProcess(["get", "exports", "-o", format], { server });
      const { code, stderr } = await create(to, ["-f", "-"], { stdin: stdout });
      assert.equal(code, 0, stderr);
      assert.deepEqual(
        [...to.objects.values()].map(({ metadata }) => metadata["labels"]),
        [{ x: "a" }, { x: "b" }, { x: "c" }],
      );
    }
  });

  const head = "apiVersion: longshore.dev/v1alpha1\nkind: Export\n";
  const wrong: [name: string, text: string, message: RegExp][] = [
    ["nothing", "", /holds no document/],
    ["no YAML", "a: [", /document 1 of - is neither YAML nor JSON/],
    ["a key twice", '{"kind":1,"kind":2}', /neither YAML nor JSON/],
    ["no object", "hello", /no object/],
    ["another kind", "apiVersion: v1\nkind: Pod", /apiVersion longshore.dev\/v1alpha1/],
    ["no spec", `${head}metadata: { name: x }`, /no spec/],
    ["no name", `${head}spec: {}`, /no metadata.name/],
    ["a name that is no text", `${head}metadata: { name: [x] }\nspec: {}`, /metadata.name .* no text/],
    ["another namespace", `${head}metadata: { name: x, namespace: b }\nspec: {}`, /namespace b/],
    [
      "a bomb",
      `a: &a [x,x,x,x,x,x,x,x,x]\n${"bcdefghi".replaceAll(
        /./g,
        (c) =>
          `${c}: &${c} [${Array(9)
            .fill(`*${String.fromCharCode(c.charCodeAt(0) - 1)}`)
            .join(",")}]\n`,
      )}`,
      /refers to itself/,
    ],
    ["too much", "#".repeat(17 * 2 ** 20), /16 MiB/],
    ["a grant for nothing", "apiVersion: longshore.dev/v1alpha1\nkind: DownloadGrant\nspec: {}", /exportRef/],
  ];
  for (const [name, text, message] of wrong)
    test(`${name} is refused before anything is sent`, async () => {
      await using api = await PlayedApi.start();
      const { code, stderr } = await create(api, ["-f", "-", "-n", "a"], {
        stdin: `${file.split("---")[0]}---\n${text}`.slice(
          name === "nothing" || name === "no YAML" ? -text.length || Infinity : 0,
        ),
      });
      assert.equal(code, 2, stderr);
      assert.match(stderr, message);
      assert.equal(api.asked.length, 0);
    });

  test("a file that can't be read is wrong usage", async () => {
    await using api = await PlayedApi.start();
    const { code, stderr } = await create(api, ["-f", "/none.yaml"]);
    assert.equal(code, 2);
    assert.match(stderr, /^longshore: \/none\.yaml can't be read: /);
  });
});
