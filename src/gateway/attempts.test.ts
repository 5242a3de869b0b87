/** Attempts that must fail, each at the wire of a listening server: nothing tidies the requests up before. */
import assert from "node:assert/strict";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import {
  exportRequest,
  type RawAnswer,
  type RawRequest,
  sendRaw,
  type TestGateway,
  testGateway,
} from "../../test/fixtures/gateway.ts";

const base = "/api/v1/namespaces/default";
const archive = "/d/default/reports/reports.tar.zst";
const secretContent = "the secret of another folder";

suite("attempts that must fail", () => {
  let gateway: TestGateway;
  let url = "";
  let grants: Readonly<Record<"good" | "other" | "revoked" | "deleted" | "short", string>>;

  before(async () => {
    gateway = await testGateway({ limits: { failures: { burst: 100_000, perSecond: 1 } } });
    const source = join(gateway.allowed, "source");
    mkdirSync(source);
    writeFileSync(join(source, "a"), "content");
    writeFileSync(join(gateway.allowed, "secret"), secretContent);
    symlinkSync(join(gateway.allowed, "secret"), join(source, "link"));
    await gateway.finished("reports", source);
    await gateway.finished("other", source);
    url = await gateway.listen();
    const issue = async (name: string, body: object = {}): Promise<{ token: string; grant: string }> => {
      const { body: made } = await gateway.call("POST", `${base}/exports/${name}/grants`, body);
      return { token: new URL(made.url).searchParams.get("grant") ?? "", grant: made.metadata.name };
    };
    const [good, other, revoked, deleted, short] = [
      await issue("reports"),
      await issue("other"),
      await issue("reports"),
      await issue("reports"),
      await issue("reports", { expiresInSeconds: 60 }),
    ];
    await gateway.call("PATCH", `${base}/grants/${revoked.grant}`, { spec: { revoked: true } });
    await gateway.call("DELETE", `${base}/grants/${deleted.grant}`);
    gateway.clock.time += 61_000;
    grants = {
      good: good.token,
      other: other.token,
      revoked: revoked.token,
      deleted: deleted.token,
      short: short.token,
    };
  });
  after(() => gateway[Symbol.asyncDispose]());

  const send = (request: RawRequest): Promise<RawAnswer> => sendRaw(url, request);
  const as = (role: keyof TestGateway["tokens"]) => ({ authorization: `Bearer ${gateway.tokens[role]}` });
  const problemOf = ({ bytes }: RawAnswer): { code: string; detail: string } =>
    JSON.parse(bytes.toString()) as { code: string; detail: string };

  test("downloads without a right to them", async () => {
    const [head = "", body = "", signature = ""] = grants.good.split(".");
    const none = Buffer.from(JSON.stringify({ alg: "none", typ: "longshore-grant" })).toString("base64url");
    const claims = JSON.parse(Buffer.from(body, "base64url").toString()) as object;
    const changed = Buffer.from(JSON.stringify({ ...claims, exp: 9_999_999_999 })).toString("base64url");
    const table: [string, string, number, string][] = [
      ["no grant", "", 401, "Unauthenticated"],
      ["an empty grant", "?grant=", 401, "Unauthenticated"],
      ["another export's grant", `?grant=${grants.other}`, 403, "Forbidden"],
      ["an expired grant", `?grant=${grants.short}`, 401, "GrantExpired"],
      ["a revoked grant", `?grant=${grants.revoked}`, 401, "GrantRevoked"],
      ["a deleted grant", `?grant=${grants.deleted}`, 401, "GrantInvalid"],
      ["a changed grant", `?grant=${head}.${changed}.${signature}`, 401, "GrantInvalid"],
      ["an unsigned grant", `?grant=${none}.${body}.`, 401, "GrantInvalid"],
      ["a grant without its signature", `?grant=${head}.${body}`, 401, "GrantInvalid"],
      ["two grants", `?grant=${grants.good}&grant=${grants.good}`, 401, "Unauthenticated"],
      ["an API token as a grant", `?grant=${gateway.tokens.admin}`, 401, "GrantInvalid"],
      ["an endless grant", `?grant=${"a".repeat(8000)}`, 401, "GrantInvalid"],
      ["a grant of bytes", "?grant=%00%ff", 401, "GrantInvalid"],
      ["a broken escape", "?grant=%zz", 400, "InvalidRequest"],
    ];
    for (const [what, query, status, code] of table) {
      for (const method of ["GET", "HEAD"]) {
        const answer = await send({ method, path: archive + query });
        assert.equal(answer.status, status, `${method} with ${what}`);
        if (status === 401) assert.equal(answer.headers["www-authenticate"], "Bearer");
        if (method === "HEAD") continue;
        const text = answer.bytes.toString();
        assert.equal(problemOf(answer).code, code, what);
        assert.ok(!text.includes(grants.good.slice(0, 30)) && !text.includes(gateway.tokens.admin), what);
      }
    }
    for (const [authorization, status] of [
      ["Bearer wrong", 401],
      [`Bearer ${grants.other}`, 403],
      [`Bearer ${grants.revoked}`, 401],
      [`Bearer ${gateway.tokens.reader}`, 403],
    ] as const)
      assert.equal(
        (await send({ path: archive, headers: { authorization } })).status,
        status,
        authorization.slice(0, 12),
      );
    assert.equal(
      (await send({ path: `${archive}?grant=${grants.good}` })).status,
      200,
      "the good one does it",
    );
  });

  test("a grant is no API token", async () => {
    for (const path of [`${base}/exports`, "/api/v1/whoami", "/api/v1/audit"]) {
      const headers = { authorization: `Bearer ${grants.good}` };
      assert.equal((await send({ path, headers })).status, 401);
      assert.equal((await send({ path: `${path}?grant=${grants.good}` })).status, 401);
    }
  });

  test("API calls without a token that is known", async () => {
    for (const authorization of [
      undefined,
      "",
      "Bearer",
      "Bearer ls_wrong",
      "Basic YWRtaW46YWRtaW4=",
      `bearer${gateway.tokens.admin}`,
      `Bearer ${gateway.tokens.admin}x`,
      `Bearer ${gateway.tokens.admin.slice(0, -1)}`,
      `Bearer ${gateway.tokens.admin.toUpperCase()}`,
      `Bearer ${"x".repeat(5000)}`,
    ]) {
      const headers = authorization === undefined ? {} : { authorization };
      const answer = await send({ path: `${base}/exports`, headers });
      assert.equal(answer.status, 401, String(authorization).slice(0, 20));
      assert.equal(answer.headers["www-authenticate"], "Bearer");
      assert.equal(problemOf(answer).code, "Unauthenticated");
    }
  });

  test("paths that lead out, in every parameter, encoded in every way", async () => {
    const climbs = [
      "..",
      "%2e%2e",
      "%2E.",
      ".%2e",
      "..%2f..%2f..%2fsecret",
      "..%2F..%2Fsecret",
      "%2e%2e%2f%2e%2e%2fsecret",
      "%252e%252e%252fsecret",
      "..%5c..%5csecret",
      "..%c0%afsecret",
      "%00",
      "a%00b",
      "%2f",
      "%2fetc%2fpasswd",
      ".",
      "",
      "a%0d%0aSet-Cookie:%20x=1",
      "%ff",
      "A",
      "a_b",
      "-a",
      "a".repeat(300),
    ];
    const templates = [
      "/api/v1/namespaces/{}/exports",
      "/api/v1/namespaces/{}/exports/reports",
      "/api/v1/namespaces/{}/exports/reports/files/a",
      `${base}/exports/{}`,
      `${base}/exports/{}/manifest`,
      `${base}/exports/{}/files`,
      `${base}/exports/{}/events`,
      `${base}/exports/{}/grants`,
      `${base}/exports/reports/files/{}`,
      `${base}/exports/reports/files/{}/secret`,
      `${base}/exports/reports/files?prefix={}`,
      `${base}/exports/reports/grants/{}`,
      `${base}/grants/{}`,
      `${base}/destinations/{}`,
      "/d/{}/reports/reports.tar.zst",
      "/d/default/{}/reports.tar.zst",
      "/d/default/reports/{}",
      "/d/default/reports/{}/manifest.json",
      "/d/default/reports/parts/{}",
      "/d/default/reports/files/{}",
      "/d/default/reports/files/{}/secret",
      "/d/default/reports/files/link/{}",
    ];
    /** These name the root of the tree, or everything, and lead nowhere else. */
    const fine = new Set(
      [
        ["files/{}", ""],
        ["files?prefix={}", ""],
        ["files?prefix={}", "%2f"],
      ].map(([end, climb]) => `${base}/exports/reports/${end}`.replace("{}", climb ?? "")),
    );
    for (const template of templates)
      for (const climb of climbs) {
        const path = template.replace("{}", climb);
        const answer = await send({ path, headers: as("admin") });
        const text = answer.bytes.toString();
        const what = `${path}: ${answer.status} ${text.slice(0, 200)}`;
        assert.ok(answer.status >= 400 && answer.status < 500 ? !fine.has(path) : fine.has(path), what);
        assert.ok(!text.includes(secretContent) && !text.includes("root:"), what);
        assert.equal(answer.headers["set-cookie"], undefined, what);
      }
  });

  test("what a symbolic link points to is not in the export", async () => {
    const answer = await send({ path: "/d/default/reports/files/link", headers: as("admin") });
    assert.equal(answer.status, 422);
    assert.equal(problemOf(answer).code, "NotDownloadable");
  });

  test("header injection through names", async () => {
    const hostile = ["x\r\nSet-Cookie: a=1", "x\nb", "x\u0000", 'x"; filename="evil', "x\u2028y"];
    for (const name of hostile) {
      const body = JSON.stringify({ ...exportRequest(gateway, "x"), metadata: { name } });
      const headers = { ...as("admin"), "content-type": "application/json" };
      const answer = await send({ method: "POST", path: `${base}/exports`, headers, body });
      assert.equal(answer.status, 422, JSON.stringify(name));
      assert.equal(answer.headers["set-cookie"], undefined);
      assert.equal(answer.headers["location"], undefined);
    }
  });

  test("bodies that are too large, too deep, or something else", async () => {
    const json = { ...as("admin"), "content-type": "application/json" };
    const good = JSON.stringify(exportRequest(gateway, "x"));
    const table: [string, Record<string, string>, string | Uint8Array, number, string][] = [
      ["a body over the limit", json, `"${"x".repeat(2 ** 20)}"`, 413, "TooLarge"],
      ["deep lists", json, "[".repeat(500_000), 400, "InvalidRequest"],
      ["deep objects", json, '{"a":'.repeat(100_000), 400, "InvalidRequest"],
      ["a hundred thousand values", json, `[${"1,".repeat(100_000)}1]`, 400, "InvalidRequest"],
      ["a prototype", json, '{"__proto__":{"isAdmin":true}}', 400, "InvalidRequest"],
      ["a constructor", json, '{"constructor":{"prototype":{"isAdmin":true}}}', 422, "InvalidDocument"],
      ["no JSON", json, "{", 400, "InvalidRequest"],
      ["nothing", json, "", 400, "InvalidRequest"],
      ["no UTF-8", json, Buffer.from([0x22, 0xc3, 0x28, 0x22]), 400, "InvalidRequest"],
      [
        "a form",
        { ...json, "content-type": "application/x-www-form-urlencoded" },
        "a=b",
        415,
        "UnsupportedMediaType",
      ],
      ["plain text", { ...json, "content-type": "text/plain" }, good, 415, "UnsupportedMediaType"],
      ["no type", as("admin"), good, 415, "UnsupportedMediaType"],
      ["a type that is none", { ...json, "content-type": "json" }, good, 415, "UnsupportedMediaType"],
      [
        "a patch",
        { ...json, "content-type": "application/merge-patch+json" },
        good,
        415,
        "UnsupportedMediaType",
      ],
      ["a compressed body", { ...json, "content-encoding": "gzip" }, good, 415, "UnsupportedMediaType"],
    ];
    for (const [what, headers, body, status, code] of table) {
      const answer = await send({ method: "POST", path: `${base}/exports`, headers, body });
      assert.equal(answer.status, status, `${what}: ${answer.bytes.toString()}`);
      assert.equal(problemOf(answer).code, code, what);
    }
    assert.equal(({} as { isAdmin?: boolean }).isAdmin, undefined);
    assert.deepEqual((await gateway.call("GET", `${base}/exports/x`)).status, 404);
  });

  test("nobody's body is looked into before it is known who sent it", async () => {
    const headers = { "content-type": "application/json" };
    for (const body of ["{", "x".repeat(2 ** 21)])
      assert.equal((await send({ method: "POST", path: `${base}/exports`, headers, body })).status, 401);
  });

  test("calls of another site's page", async () => {
    const body = JSON.stringify(exportRequest(gateway, "csrf"));
    const json = { ...as("admin"), "content-type": "application/json" };
    const own = url;
    const table: [string, Record<string, string>, number][] = [
      ["another origin", { origin: "https://evil.example" }, 403],
      ["an origin of nothing", { origin: "null" }, 403],
      ["another port", { origin: "http://127.0.0.1:1" }, 403],
      ["a site that the browser names", { "sec-fetch-site": "cross-site" }, 403],
      ["a name that leads here", { origin: "http://evil.example", host: "evil.example" }, 403],
      ["our own page", { origin: own, "sec-fetch-site": "same-origin" }, 202],
    ];
    for (const [what, headers, status] of table) {
      const answer = await send({
        method: "POST",
        path: `${base}/exports`,
        headers: { ...json, ...headers },
        body,
      });
      assert.equal(answer.status, status, what);
      assert.equal(answer.headers["access-control-allow-origin"], undefined);
    }
    const origin = "https://evil.example";
    for (const path of [`${base}/exports`, archive, "/openapi.json", "/"]) {
      const asked = {
        origin,
        "access-control-request-method": "POST",
        "access-control-request-headers": "authorization",
      };
      const answer = await send({ method: "OPTIONS", path, headers: asked });
      assert.equal(answer.status, 405, path);
      const read = await send({ path, headers: { ...as("admin"), origin } });
      for (const { headers } of [answer, read])
        assert.ok(!Object.keys(headers).some((name) => name.startsWith("access-control")), path);
    }
  });

  test("methods and addresses that are not there", async () => {
    const table: [string, string, number, string | undefined][] = [
      ["PUT", `${base}/exports/reports`, 405, "GET, HEAD, PATCH, DELETE"],
      ["POST", `${base}/exports/reports`, 405, "GET, HEAD, PATCH, DELETE"],
      ["DELETE", `${base}/exports`, 405, "GET, HEAD, POST"],
      ["POST", archive, 405, "GET, HEAD"],
      ["TRACE", "/", 405, "GET, HEAD"],
      ["HEAD", `${base}/exports/reports/events`, 405, "GET"],
      ["GET", "/api/v1/", 404, undefined],
      ["GET", "/api/v2/exports", 404, undefined],
      ["GET", "/%61pi/v1/exports", 404, undefined],
      ["GET", "/api/v1/exports/", 404, undefined],
      ["GET", "/d/default/reports", 404, undefined],
      ["GET", "//", 404, undefined],
      ["PROPFIND", "/", 404, undefined],
    ];
    for (const [method, path, status, allow] of table) {
      const answer = await send({ method, path, headers: as("admin") });
      assert.equal(answer.status, status, `${method} ${path}`);
      assert.equal(answer.headers["allow"], allow, `${method} ${path}`);
      if (method !== "HEAD") assert.equal(answer.headers["content-type"], "application/problem+json");
    }
  });

  test("every answer has the headers that keep browsers from mischief", async () => {
    for (const path of [
      `${base}/exports`,
      "/api/v1/whoami",
      "/nothing",
      "/livez",
      archive,
      "/.well-known/jwks.json",
    ]) {
      const { headers } = await send({ path });
      assert.equal(headers["x-content-type-options"], "nosniff", path);
      assert.equal(headers["referrer-policy"], "no-referrer", path);
      assert.match(
        String(headers["content-security-policy"]),
        /default-src 'none'; frame-ancestors 'none'/,
        path,
      );
      assert.equal(headers["server"] ?? headers["x-powered-by"], undefined, path);
    }
    assert.equal(
      (await send({ path: `${base}/exports`, headers: as("reader") })).headers["cache-control"],
      "no-store",
    );
  });

  test("none of it was our fault", () => {
    assert.deepEqual(gateway.reported, []);
  });
});

test("who fails too often waits; who may, never does", async () => {
  await using gateway = await testGateway({ limits: { failures: { burst: 5, perSecond: 0.1 } } });
  const wrong = () => gateway.call("GET", "/api/v1/whoami", undefined, { authorization: "Bearer wrong" });
  const statuses: number[] = [];
  for (let i = 0; i < 8; i++) statuses.push((await wrong()).status);
  assert.deepEqual(statuses, [401, 401, 401, 401, 401, 429, 429, 429]);
  const limited = await wrong();
  assert.deepEqual([limited.body.code, limited.headers["retry-after"]], ["TooManyRequests", "10"]);
  assert.equal(
    (await gateway.call("GET", "/d/default/x/y?grant=x", undefined, { authorization: "" })).status,
    429,
  );
  for (let i = 0; i < 20; i++) assert.equal((await gateway.call("GET", "/api/v1/whoami")).status, 200);
  const elsewhere = await gateway.app.inject({ url: "/api/v1/whoami", remoteAddress: "192.0.2.7" });
  assert.equal(elsewhere.statusCode, 401);
  gateway.clock.time += 10_000;
  assert.equal((await wrong()).status, 401);
  const { items } = (await gateway.call("GET", "/api/v1/audit?limit=1000")).body;
  assert.equal(items.length, 7, "what is limited is not written down");
  const { id: _id, time: _time, ...record } = items.at(-1);
  assert.deepEqual(record, {
    actor: "anonymous",
    action: "refuse",
    kind: "ApiToken",
    status: 401,
    address: "127.0.0.1",
    reason: "Unauthenticated",
  });
});
