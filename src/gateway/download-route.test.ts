import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import {
  exportRequest,
  type RawRequest,
  sendRaw,
  type TestGateway,
  testGateway,
} from "../../test/fixtures/gateway.ts";
import { mixedBytes } from "../../test/fixtures/mixed-bytes.ts";
import type { AuditRecord } from "../domain/ports/audit-log.ts";

const base = "/api/v1/namespaces/default";
const mebibyte = 2 ** 20;
const { signal } = new AbortController();

suite("downloads", () => {
  let gateway: TestGateway;
  let url = "";
  let archive: Buffer;

  before(async () => {
    gateway = await testGateway({ limits: { failures: { burst: 1000, perSecond: 1000 } } });
    const source = join(gateway.allowed, "source");
    mkdirSync(join(source, "deep"), { recursive: true });
    for (const name of ["one", "two", "deep/three"])
      writeFileSync(join(source, name), mixedBytes(3 * mebibyte, name));
    writeFileSync(Buffer.concat([Buffer.from(`${source}/`), Buffer.from('\xff\n"', "latin1")]), "odd");
    const made = await gateway.finished("reports", source, ["--part-size", "1Mi"]);
    const location = made.status?.location ?? "";
    const manifest = JSON.parse(readFileSync(join(location, "manifest.json"), "utf8")) as {
      parts: { object: string }[];
    };
    archive = Buffer.concat(manifest.parts.map(({ object }) => readFileSync(join(location, object))));
    url = await gateway.listen();
  });
  after(() => gateway[Symbol.asyncDispose]());

  const get = (path: string, more: Partial<RawRequest> = {}) => sendRaw(url, { path, ...more });
  const asRole = (role: keyof TestGateway["tokens"]) => ({ authorization: `Bearer ${gateway.tokens[role]}` });
  const whole = "/d/default/reports/reports.tar.zst";
  const issue = async (
    body: object = {},
  ): Promise<{ uid: string; name: string; token: string; path: string }> => {
    const answer = await gateway.call("POST", `${base}/exports/reports/grants`, body);
    assert.equal(answer.status, 201, answer.text);
    const granted = new URL(answer.body.url);
    const { uid, name } = answer.body.metadata;
    return {
      uid,
      name,
      token: granted.searchParams.get("grant") ?? "",
      path: granted.pathname + granted.search,
    };
  };
  const records = (): readonly AuditRecord[] => gateway.dependencies.audit.list({ limit: 1000 }).items;

  /** A record is written when the answer has ended, which its receiver may know before. */
  const recorded = async (isIt: (record: AuditRecord) => boolean): Promise<AuditRecord> => {
    for (;;) {
      const found = records().find(isIt);
      if (found !== undefined) return found;
      await new Promise(setImmediate);
    }
  };

  test("a grant gives the archive, whole and in ranges, as often as one likes", async () => {
    const { path, token, uid } = await issue();
    for (const request of [{ path }, { path: whole, headers: { authorization: `Bearer ${token}` } }]) {
      const { status, bytes, headers } = await get(request.path, request);
      assert.equal(status, 200);
      assert.ok(bytes.equals(archive));
      assert.match(String(headers["content-disposition"]), /^attachment/);
      assert.equal(headers["x-content-type-options"], "nosniff");
      assert.match(String(headers["content-security-policy"]), /sandbox/);
      assert.equal(headers["referrer-policy"], "no-referrer");
      assert.notEqual(headers["cache-control"], "no-store");
    }
    const ranged = await get(path, { headers: { range: "bytes=1000-1999" } });
    assert.equal(ranged.status, 206);
    assert.ok(ranged.bytes.equals(archive.subarray(1000, 2000)));
    const head = await get(path, { method: "HEAD" });
    assert.deepEqual([head.status, head.headers["content-length"]], [200, `${archive.length}`]);
    assert.equal(gateway.dependencies.grantUsage.served(uid), archive.length * 2 + 1000);
  });

  test("an empty Authorization, and one that is no bearer, count as none", async () => {
    const { path } = await issue();
    for (const authorization of ["", "Basic dTpw", "Bearer"])
      assert.equal(
        (await get(path, { method: "HEAD", headers: { authorization } })).status,
        200,
        authorization,
      );
    const refused = await get(path, { method: "HEAD", headers: { authorization: "Bearer ls_wrong" } });
    assert.equal(refused.status, 401, "a bearer counts before the grant");
  });

  test("everything an export has comes by its name", async () => {
    const { token } = await issue();
    const of = (name: string, more: Partial<RawRequest> = {}) =>
      get(`/d/default/reports/${name}?grant=${token}`, more);
    assert.match((await of("SHA256SUMS")).bytes.toString(), /^[0-9a-f]{64} {2}/);
    assert.equal(JSON.parse((await of("manifest.json")).bytes.toString()).formatVersion, 1);
    const part = await of("parts/0");
    assert.ok(archive.subarray(0, part.bytes.length).equals(part.bytes) && part.bytes.length > 0);
    const entry = await of("files/deep/three", { headers: { range: "bytes=2000000-2000099" } });
    assert.ok(entry.bytes.equals(mixedBytes(3 * mebibyte, "deep/three").subarray(2_000_000, 2_000_100)));
    assert.equal((await of("files/%ff%0a%22")).bytes.toString(), "odd");
    assert.equal(
      (await of("files%2Fdeep%2fthree", { method: "HEAD" })).headers["content-length"],
      `${3 * mebibyte}`,
    );
    const metalink = (await of("metalink")).bytes.toString();
    assert.ok(metalink.includes(`${url}/d/default/reports/reports.tar.zst?grant=${token}`));
    for (const name of [
      "nothing",
      "reports.zip",
      "parts/99",
      "files/nothing",
      "plan.json",
      "receipts/00000000.json",
    ])
      assert.equal((await of(name)).status, 404, name);
  });

  test("API tokens download where their role may", async () => {
    assert.equal((await get(whole, { method: "HEAD", headers: asRole("admin") })).status, 200);
    assert.equal((await get(whole, { method: "HEAD", headers: asRole("exporter") })).status, 200);
    const refused = await get(whole, { headers: asRole("reader") });
    assert.deepEqual([refused.status, JSON.parse(refused.bytes.toString()).code], [403, "Forbidden"]);
  });

  test("every download is recorded: who, what, which ranges, how many bytes, from where", async () => {
    const { path, uid } = await issue();
    await get(path, { headers: { range: "bytes=0-9,100-119" } });
    await get(path, { method: "HEAD" });
    await get(whole, { headers: { ...asRole("exporter"), range: `bytes=${archive.length}-` } });
    await recorded(({ status }) => status === 416);
    const [unsatisfied, head, ranges] = records();
    const common = {
      action: "download",
      kind: "Export",
      namespace: "default",
      name: "reports",
      address: "127.0.0.1",
    };
    const shown = ({ id: _id, time: _time, uid: _uid, ...record }: AuditRecord): object => record;
    assert.ok(ranges && head && unsatisfied);
    const { download, ...rest } = shown(ranges) as AuditRecord;
    assert.deepEqual(rest, { ...common, actor: `grant:${uid}`, status: 206 });
    assert.equal(download?.file, "reports.tar.zst");
    assert.equal(download.ranges, "0-9,100-119");
    assert.equal(download.complete, true);
    assert.ok(download.bytes > 30);
    assert.deepEqual(shown(head), {
      ...common,
      actor: `grant:${uid}`,
      status: 200,
      download: { file: "reports.tar.zst", ranges: "", bytes: 0, complete: true },
    });
    assert.equal((shown(unsatisfied) as AuditRecord).status, 416);
    assert.equal((shown(unsatisfied) as AuditRecord).actor, "token:exporter");
  });

  test("a limit in bytes holds over all connections together, and says so afterwards", async () => {
    const { path, uid, token } = await issue({ maxBytes: mebibyte });
    const results = await Promise.allSettled(Array.from({ length: 6 }, () => get(path)));
    assert.ok(results.every(({ status }) => status === "rejected" || status === "fulfilled"));
    assert.ok(gateway.dependencies.grantUsage.served(uid) <= mebibyte);
    const refused = await get(path);
    assert.deepEqual([refused.status, JSON.parse(refused.bytes.toString()).code], [403, "GrantExhausted"]);
    assert.ok(!refused.bytes.includes(token));
    const broken = records().filter(
      ({ actor, download }) => actor === `grant:${uid}` && download?.complete === false,
    );
    assert.ok(broken.length > 0);
  });

  test("revoking ends what is under way", async () => {
    const { path, name, uid } = await issue();
    const socket = connect(Number(new URL(url).port), "127.0.0.1");
    socket.on("error", () => undefined);
    socket.write(`GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`);
    await once(socket, "readable");
    assert.equal(
      (await gateway.call("PATCH", `${base}/grants/${name}`, { spec: { revoked: true } })).status,
      200,
    );
    let received = 0;
    socket.on("data", (chunk: Buffer) => (received += chunk.length));
    await once(socket, "close");
    assert.ok(received < archive.length);
    const refused = await get(path);
    assert.equal(JSON.parse(refused.bytes.toString()).code, "GrantRevoked");
    const cut = await recorded(({ actor, action }) => actor === `grant:${uid}` && action === "download");
    assert.equal(cut.download?.complete, false);
  });

  test("an export that is not ready, has failed, or is gone", async () => {
    await gateway.call("POST", `${base}/exports`, exportRequest(gateway, "young"));
    const young = () => get("/d/default/young/young.tar.zst", { headers: asRole("admin") });
    const answer = await young();
    assert.deepEqual([answer.status, answer.headers["retry-after"]], [409, "5"]);
    assert.equal(JSON.parse(answer.bytes.toString()).code, "ExportNotReady");
    const { store } = gateway.dependencies;
    const resource = await store.get("Export", { namespace: "default", name: "young" }, signal);
    assert.ok(resource);
    const lastTransitionTime = "2026-03-01T00:00:00Z";
    const conditions = [
      {
        type: "Succeeded",
        status: "False",
        reason: "SourceNotFound",
        message: "",
        lastTransitionTime,
      } as const,
    ];
    await store.updateStatus("Export", { ...resource, status: { conditions } }, signal);
    const failed = await young();
    assert.deepEqual([failed.status, failed.headers["retry-after"]], [409, undefined]);
    await gateway.call("DELETE", `${base}/exports/young`);
    assert.equal((await young()).status, 404);
  });

  test("damage is never sent whole, and no answer names a place of this machine", async () => {
    const made = await gateway.finished("rotten", join(gateway.allowed, "source"), ["--part-size", "1Mi"]);
    const location = made.status?.location ?? "";
    const { parts } = JSON.parse(readFileSync(join(location, "manifest.json"), "utf8")) as {
      parts: { number: number; object: string; size: number }[];
    };
    const largest = parts.toSorted((a, b) => b.size - a.size)[0];
    assert.ok(largest);
    const file = join(location, largest.object);
    const bytes = readFileSync(file);
    bytes.writeUInt8(bytes.readUInt8(100) ^ 1, 100);
    writeFileSync(file, bytes);
    gateway.reported.length = 0;
    const path = `/d/default/rotten/parts/${largest.number}`;
    await assert.rejects(get(path, { headers: asRole("admin") }), { code: "ECONNRESET" });
    const record = await recorded(({ name, action }) => name === "rotten" && action === "download");
    assert.equal(record.download?.complete, false);
    assert.deepEqual(
      gateway.reported.map(({ where }) => where),
      ["GET /d/:namespace/:name/*"],
    );
    rmSync(file);
    const answer = await get(path, { headers: asRole("admin") });
    assert.equal(answer.status, 500);
    assert.ok(!answer.bytes.toString().includes(gateway.allowed), answer.bytes.toString());
    assert.equal(answer.headers["content-type"], "application/problem+json");
  });

  test("closing lets a download go on, for a while, and records it", async () => {
    await using other = await testGateway({ limits: { closeDeadline: 50 } });
    const source = join(other.allowed, "source");
    mkdirSync(source);
    writeFileSync(join(source, "big"), mixedBytes(64 * mebibyte, "big"));
    await other.finished("reports", source, ["--format", "tar"]);
    const address = new URL(await other.listen());
    const socket = connect(Number(address.port), address.hostname);
    socket.on("error", () => undefined);
    socket.write(
      `GET /d/default/reports/reports.tar HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${other.tokens.admin}\r\n\r\n`,
    );
    await once(socket, "readable");
    const { audit } = other.dependencies;
    await other.app.close();
    const [record] = audit.list({ limit: 1 }).items;
    assert.deepEqual([record?.action, record?.download?.complete], ["download", false]);
    socket.destroy();
  });

  test("the digest of what comes is the digest that is said", async () => {
    const { path } = await issue();
    const { bytes, headers } = await get(path.replace("reports.tar.zst", "parts/1"));
    const digest = createHash("sha256").update(bytes).digest("base64");
    assert.equal(headers["repr-digest"], `sha-256=:${digest}:`);
  });
});
