/** The server itself: slow and broken clients, health, measurements, and its end. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { test } from "node:test";
import { exportRequest, type TestGateway, testGateway } from "../../test/fixtures/gateway.ts";
import type { GatewayLimits } from "./dependencies.ts";

const limits: Partial<GatewayLimits> = { headersTimeout: 50, requestTimeout: 100, checkInterval: 10 };

async function open(gateway: TestGateway): Promise<Socket> {
  const { port, hostname } = new URL(gateway.dependencies.publicUrl());
  const socket = connect(Number(port), hostname);
  socket.on("error", () => undefined);
  await once(socket, "connect");
  return socket;
}

/** Everything that comes until the server closes the connection. */
async function said(socket: Socket): Promise<string> {
  let text = "";
  socket.setEncoding("latin1").on("data", (chunk: string) => (text += chunk));
  await once(socket, "close");
  return text;
}

test("headers that never end, bodies that never end, and silence are ended by the server", async () => {
  await using gateway = await testGateway({ limits: { ...limits, idleTimeout: 300 } });
  await gateway.listen();
  const starts: [string, string, RegExp][] = [
    ["half a request line", "GET /li", /^HTTP\/1\.1 408 /],
    ["headers without an end", "GET /livez HTTP/1.1\r\nHost: x\r\nX-A: b\r\n", /^HTTP\/1\.1 408 /],
    [
      "a body without an end",
      `POST /api/v1/tokens HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${gateway.tokens.admin}\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{`,
      /^HTTP\/1\.1 (408|400) /,
    ],
    ["nothing at all", "", /^(HTTP\/1\.1 408 |$)/],
  ];
  await Promise.all(
    starts.map(async ([what, start, answer]) => {
      const socket = await open(gateway);
      const answered = said(socket);
      if (start !== "") socket.write(start);
      // A byte now and then does not help it.
      const trickle = setInterval(() => socket.write(start.includes("Content-Length") ? " " : "x"), 20);
      if (start === "") clearInterval(trickle);
      assert.match(await answered, answer, what);
      clearInterval(trickle);
    }),
  );
  assert.equal((await gateway.call("GET", "/livez")).status, 200);
});

test("what is no HTTP gets a problem document and nothing more", async () => {
  await using gateway = await testGateway();
  await gateway.listen();
  const table: [string, string, RegExp][] = [
    ["noise", "\x16\x03\x01\x02\x00\x01\x00\r\n\r\n", /^HTTP\/1\.1 400 /],
    ["raw bytes in the target", "GET /\xff HTTP/1.1\r\nHost: x\r\n\r\n", /^HTTP\/1\.1 400 /],
    [
      "two lengths",
      "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx",
      /^HTTP\/1\.1 400 /,
    ],
    [
      "a length and chunks",
      "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
      /^HTTP\/1\.1 400 /,
    ],
    ["no host", "GET / HTTP/1.1\r\n\r\n", /^HTTP\/1\.1 400 /],
    ["huge headers", `GET / HTTP/1.1\r\nHost: x\r\nX-A: ${"x".repeat(100_000)}\r\n\r\n`, /^HTTP\/1\.1 431 /],
    ["a huge target", `GET /${"x".repeat(100_000)} HTTP/1.1\r\nHost: x\r\n\r\n`, /^HTTP\/1\.1 431 /],
  ];
  for (const [what, sent, answer] of table) {
    const socket = await open(gateway);
    const answered = said(socket);
    socket.write(Buffer.from(sent, "latin1"));
    const text = await answered;
    assert.match(text, answer, what);
    assert.doesNotMatch(text, /node:|\.ts:|Error:/, what);
  }
});

test("a smuggled second request is not answered", async () => {
  await using gateway = await testGateway();
  await gateway.listen();
  const socket = await open(gateway);
  const answered = said(socket);
  socket.write(
    "POST /livez HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\nGET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n",
  );
  assert.doesNotMatch(await answered, /"openapi":/);
});

test("it lives, is ready when it says so, and measures without names", async () => {
  let isReady = false;
  await using gateway = await testGateway({}, () => ({ isReady: () => isReady }));
  await gateway.call(
    "POST",
    "/api/v1/namespaces/default/exports",
    exportRequest(gateway, "very-secret-name"),
  );
  assert.deepEqual((await gateway.call("GET", "/livez")).body, { status: "alive" });
  assert.equal((await gateway.call("GET", "/readyz")).status, 503);
  isReady = true;
  assert.equal((await gateway.call("GET", "/readyz")).status, 200);
  await gateway.call("GET", "/no/such/very-secret-name");
  const metrics = async (remoteAddress: string, headers: Record<string, string>) =>
    gateway.app.inject({ url: "/metrics", remoteAddress, headers: { host: "127.0.0.1:8080", ...headers } });
  const { statusCode, body, headers } = await metrics("127.0.0.1", {});
  assert.equal(statusCode, 200);
  assert.match(String(headers["content-type"]), /^text\/plain/);
  assert.match(body, /longshore_http_requests_total\{route="\/readyz",method="GET",status="503"\} 1\n/);
  assert.match(body, /longshore_http_requests_total\{route="unknown",method="GET",status="404"\} 1\n/);
  assert.match(body, /longshore_exports\{reason="New"\} 1\n/);
  assert.match(body, /longshore_download_bytes_total 0\n/);
  assert.ok(!body.includes("very-secret-name"));

  const admin = { authorization: `Bearer ${gateway.tokens.admin}` };
  const table: [string, Record<string, string>, number][] = [
    ["::1", {}, 200],
    ["192.0.2.1", {}, 401],
    ["192.0.2.1", admin, 200],
    ["192.0.2.1", { authorization: `Bearer ${gateway.tokens.exporter}` }, 403],
    ["127.0.0.1", { host: "evil.example" }, 401],
    ["127.0.0.1", { "x-forwarded-for": "192.0.2.1" }, 401],
  ];
  for (const [address, more, status] of table)
    assert.equal((await metrics(address, more)).statusCode, status, `${address} ${Object.keys(more).join()}`);
});

test("API and downloads may each have a port of their own", async () => {
  const { createGateway } = await import("./create-gateway.ts");
  await using gateway = await testGateway({ serves: "api" });
  const downloads = createGateway(gateway.dependencies, { serves: "downloads" });
  const status = async (app: typeof downloads, url: string) => (await app.inject({ url })).statusCode;
  assert.equal(await status(gateway.app, "/d/default/x/y"), 404);
  assert.equal(await status(gateway.app, "/api/v1/whoami"), 401);
  assert.equal(await status(gateway.app, "/openapi.json"), 200);
  assert.equal(await status(downloads, "/d/default/x/y"), 401);
  assert.equal(await status(downloads, "/.well-known/jwks.json"), 200);
  for (const url of ["/api/v1/whoami", "/openapi.json", "/", "/metrics"])
    assert.equal(await status(downloads, url), 404, url);
  for (const app of [gateway.app, downloads]) assert.equal(await status(app, "/livez"), 200);
  await downloads.close();
});

test("an error that nobody foresaw is told once to whoever runs it, and to nobody else", async () => {
  const failure = new Error("the password is hunter2");
  await using gateway = await testGateway({}, ({ store }) => ({
    store: { ...store, list: () => Promise.reject(failure) },
  }));
  const { status, body, text } = await gateway.call("GET", "/api/v1/namespaces/default/exports");
  assert.deepEqual([status, body.code], [500, "InternalError"]);
  assert.ok(!text.includes("hunter2") && !text.includes("stack"));
  assert.deepEqual(gateway.reported, [
    { error: failure, where: "GET /api/v1/namespaces/:namespace/exports" },
  ]);
});

test("a refusal that can't be recorded is an error, not a refusal", async () => {
  const failure = new Error("the disk is full");
  await using gateway = await testGateway({}, ({ audit }) => ({
    audit: {
      ...audit,
      append: () => {
        throw failure;
      },
    },
  }));
  const { status } = await gateway.call("GET", "/api/v1/whoami", undefined, { authorization: "Bearer x" });
  assert.equal(status, 500);
  assert.deepEqual(gateway.reported, [{ error: failure, where: "GET /api/v1/whoami" }]);
});

test("closing refuses what comes late, and lets what is under way end", async () => {
  const held = Promise.withResolvers<void>();
  const entered = Promise.withResolvers<void>();
  // Far longer than the test may take: nothing may have to be waited for.
  const patient = { limits: { closeDeadline: 3_600_000 } };
  await using gateway = await testGateway(patient, ({ places }) => ({
    places: {
      ...places,
      source: async (path) => {
        entered.resolve();
        await held.promise;
        return { location: path, reached: path };
      },
    },
  }));
  await gateway.listen();
  const late = await open(gateway);
  const { port } = new URL(gateway.dependencies.publicUrl());
  const headers = { authorization: `Bearer ${gateway.tokens.admin}`, "content-type": "application/json" };
  const body = JSON.stringify(exportRequest(gateway, "a"));
  const url = `http://127.0.0.1:${port}/api/v1/namespaces/default/exports`;
  const underWay = fetch(url, { method: "POST", headers, body });
  await entered.promise;
  const closing = gateway.app.close();
  held.resolve();
  assert.equal((await underWay).status, 202);
  await closing;
  if (!late.closed) await once(late, "close");
  await assert.rejects(fetch(url));
});
