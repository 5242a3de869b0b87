import assert from "node:assert/strict";
import { mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import { exportRequest, sendRaw, type TestGateway, testGateway } from "../../../test/fixtures/gateway.ts";
import { FileDocument, FileListing } from "../../api/documents.ts";
import { encodePath } from "../../api/routes.ts";

const base = "/api/v1/namespaces/default/exports";

suite("the tree of an export", () => {
  let gateway: TestGateway;
  let location = "";

  before(async () => {
    gateway = await testGateway();
    const source = join(gateway.allowed, "source");
    mkdirSync(join(source, "2026/q1"), { recursive: true });
    for (let i = 0; i < 25; i++) writeFileSync(join(source, `2026/q1/${100 + i}.csv`), "x".repeat(i));
    const odd = Buffer.from("odd \xff\n%2e", "latin1");
    writeFileSync(Buffer.concat([Buffer.from(`${source}/`), odd]), "odd");
    mkdirSync(Buffer.concat([Buffer.from(`${source}/`), Buffer.from("f\xfe", "latin1")]));
    writeFileSync(Buffer.concat([Buffer.from(`${source}/`), Buffer.from("f\xfe/in", "latin1")]), "in");
    mkdirSync(join(source, "größe"));
    symlinkSync("2026/q1", join(source, "link"));
    const made = await gateway.finished("reports", source);
    location = made.status?.location ?? "";
    await gateway.finished("filtered", source, ["--include", "2026/q1/10*.csv"]);
  });
  after(() => gateway[Symbol.asyncDispose]());

  const files = (path = "", query = "") =>
    gateway.call("GET", `${base}/reports/files${path === "" ? "" : `/${encodePath(path)}`}${query}`);

  test("the root, one level, with every kind of entry", async () => {
    const { status, body } = await files();
    assert.equal(status, 200, JSON.stringify(body));
    assert.deepEqual(FileListing.parse(body), body);
    assert.equal(body.path, "");
    assert.deepEqual(
      body.entries.map(({ path, pathBase64, name, type, size, linkTarget }: Record<string, unknown>) => ({
        path,
        pathBase64,
        name,
        type,
        size,
        linkTarget,
      })),
      [
        { path: "2026/", name: "2026", type: "directory" },
        { pathBase64: btoa("f\xfe/"), name: "f\\376", type: "directory" },
        { path: "größe/", name: "größe", type: "directory" },
        { path: "link", name: "link", type: "symlink", linkTarget: "2026/q1" },
        { pathBase64: btoa("odd \xff\n%2e"), name: "odd \\377\\n%2e", type: "file", size: 3 },
      ].map((entry) => ({
        path: undefined,
        pathBase64: undefined,
        size: undefined,
        linkTarget: undefined,
        ...entry,
      })),
    );
    assert.match(body.entries[0].mtime, /^\d{19}$/);
    assert.equal(body.entries[0].mode, 0o755);
  });

  test("a folder and an entry by any name, as the client writes it", async () => {
    for (const path of ["2026", "2026/"]) {
      const { body } = await files(path);
      assert.deepEqual([body.path, body.entries.length, body.entries[0].path], ["2026/", 1, "2026/q1/"]);
    }
    const odd = await files("odd \xff\n%2e");
    assert.deepEqual(FileDocument.parse(odd.body), odd.body);
    assert.equal(odd.body.entry.size, 3);
    const inside = await files("f\xfe");
    assert.deepEqual([inside.body.pathBase64, inside.body.entries[0].name], [btoa("f\xfe/"), "in"]);
    const { body } = await gateway.call("GET", `${base}/reports/files?prefix=f%FE`);
    assert.deepEqual(body, inside.body);
    assert.deepEqual((await gateway.call("GET", `${base}/reports/files/2026%2Fq1`)).body.path, "2026/q1/");
    assert.deepEqual((await gateway.call("GET", `${base}/reports/files/`)).body, (await files()).body);
  });

  test("pages are the whole, in order, without a gap", async () => {
    for (const limit of [1, 7, 25, 1000]) {
      const names: string[] = [];
      for (let cursor: string | undefined = ""; cursor !== undefined;) {
        const more: string = cursor === "" ? "" : `&cursor=${cursor}`;
        const { status, body } = await files("2026/q1", `?limit=${limit}${more}`);
        assert.equal(status, 200);
        assert.ok(body.entries.length <= limit);
        names.push(...body.entries.map((entry: { name: string }) => entry.name));
        cursor = body.cursor;
      }
      assert.deepEqual(
        names,
        Array.from({ length: 25 }, (_, i) => `${100 + i}.csv`),
        `limit ${limit}`,
      );
    }
  });

  test("folders are there even where filters left no entry of theirs", async () => {
    const { body } = await gateway.call("GET", `${base}/filtered/files`);
    assert.deepEqual(
      body.entries.map(({ path }: { path: string }) => path),
      ["2026/"],
    );
    const { body: inside } = await gateway.call("GET", `${base}/filtered/files/2026/q1`);
    assert.equal(inside.entries.length, 10);
  });

  test("what is not there, and what leads out, is refused", async () => {
    const table: [string, number][] = [
      ["files/nothing", 404],
      ["files/2026/q1/100.csv/", 404],
      ["files/2026/q1/100.csv/x", 404],
      ["files?prefix=nothing", 404],
      ["files/%2e%2e/x", 422],
      ["files/..%2fx", 422],
      ["files/2026/%2e%2e%2f%2e%2e/etc/passwd", 422],
      ["files//etc/passwd", 422],
      ["files/a%00b", 422],
      ["files/./2026", 422],
      ["files?prefix=../..", 422],
      ["files?prefix=/etc", 422],
      ["files?prefix=%2e%2e%2f", 422],
      ["files/%zz", 400],
      ["files?cursor=x", 400],
      [`files?cursor=${Buffer.from("../../x").toString("base64url")}&prefix=2026`, 400],
      [`files/2026?cursor=${Buffer.from("zzz").toString("base64url")}`, 400],
      ["files?limit=0", 422],
      ["files?limit=1001", 422],
      ["files?prefix=2026&prefix=x", 422],
    ];
    const url = await gateway.listen();
    const headers = { authorization: `Bearer ${gateway.tokens.reader}` };
    for (const [path, status] of table) {
      const answer = await sendRaw(url, { path: `${base}/reports/${path}`, headers });
      assert.equal(answer.status, status, `${path}: ${answer.bytes.toString()}`);
    }
    assert.equal((await gateway.call("GET", `${base}/nothing/files`)).status, 404);
  });

  test("the manifest comes as it is stored", async () => {
    const { status, text, headers } = await gateway.call("GET", `${base}/reports/manifest`);
    assert.equal(status, 200);
    assert.equal(text, readFileSync(join(location, "manifest.json"), "utf8"));
    assert.equal(headers["content-type"], "application/json");
    assert.equal(headers["content-length"], `${Buffer.byteLength(text)}`);
  });

  test("one that is not finished is not ready; one that is damaged says so without naming a place", async () => {
    await gateway.call("POST", base, exportRequest(gateway, "young"));
    for (const path of ["files", "files/a", "manifest"]) {
      const { status, body, headers } = await gateway.call("GET", `${base}/young/${path}`);
      assert.deepEqual([status, body.code, headers["retry-after"]], [409, "ExportNotReady", "5"], path);
    }
    rmSync(join(location, "index.jsonl.zst"));
    rmSync(join(location, "../filtered/manifest.json"));
    for (const path of ["reports/files", "filtered/files", "filtered/manifest"]) {
      const { status, text } = await gateway.call("GET", `${base}/${path}`);
      assert.equal(status, 500, path);
      assert.ok(!text.includes(gateway.allowed), text);
    }
    assert.equal(gateway.reported.length, 3);
  });
});
