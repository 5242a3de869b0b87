/** What the driver makes of servers that answer too early, too little, or something else than was asked. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type IncomingMessage, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { bucketLocation, textPayload } from "../../../../test/fixtures/buckets.ts";
import type { ObjectStore } from "../../../domain/ports/object-store.ts";
import { openGcsStore } from "../gcs.ts";

const { signal } = new AbortController();

async function serverThat(answers: RequestListener) {
  const server = createServer(answers);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}/base/path/`;
  return {
    store: openGcsStore(bucketLocation(`gs://box?endpoint=${endpoint}`), {}),
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

const read = async (store: ObjectStore, offset = 0, length = 100): Promise<string> => {
  const content = await store.get("a", { offset, length }, signal);
  assert.ok(typeof content === "object");
  return Buffer.concat(await Array.fromAsync(content.bytes)).toString();
};

test("a refusal that comes before the body was sent is heard, and the connection is not used again", async () => {
  const ports = new Set<number | undefined>();
  await using server = await serverThat((request, response) => {
    ports.add(request.socket.remotePort);
    if (request.method === "GET") return void response.end("{}");
    const message = "nobody does not have storage.objects.create access";
    response.writeHead(403).end(JSON.stringify({ error: { message, errors: [{ reason: "forbidden" }] } }));
  });
  const payload = textPayload(Buffer.alloc(50_000_000));
  await assert.rejects(server.store.put("a", payload, signal), {
    code: "StoreDenied",
    hint: /storage\.objects\.create/,
  });
  await server.store.check(signal);
  assert.equal(ports.size, 2);
});

test("an endpoint may have a path of its own, and names of dots stay names", async () => {
  const paths: (string | undefined)[] = [];
  await using server = await serverThat((request, response) => {
    paths.push(request.url?.split("?", 1)[0]);
    response.writeHead(404).end();
  });
  for (const key of ["a/../b", "..", "a b/%41?#"]) await server.store.head(key, signal);
  assert.deepEqual(paths, [
    "/base/path/storage/v1/b/box/o/a%2F..%2Fb",
    "/base/path/storage/v1/b/box/o/..",
    "/base/path/storage/v1/b/box/o/a%20b%2F%2541%3F%23",
  ]);
});

test("a body that ends early is a broken connection, whether its length was said or not", async () => {
  const headers = { "x-goog-generation": "1", "content-range": "bytes 0-99/100" };
  await using cut = await serverThat((_request, response) => {
    response.writeHead(206, { ...headers, "content-length": "100" }).write("some", () => response.destroy());
  });
  await assert.rejects(read(cut.store), { code: "StoreUnreachable", message: /broke the connection/ });
  await using ended = await serverThat((_request, response) => {
    response.writeHead(206, headers).end("some");
  });
  await assert.rejects(read(ended.store), { code: "StoreUnreachable" });
});

test("bytes that were not asked for, or of nobody knows which object, are not taken", async () => {
  const answers: Record<string, string>[] = [
    { "x-goog-generation": "1", "content-range": "bytes 0-3/100" },
    { "x-goog-generation": "1", "content-range": "bytes 10-200/300" },
    { "x-goog-generation": "1", "content-range": "bytes */100" },
    { "content-range": "bytes 10-13/100" },
  ];
  for (const headers of answers) {
    await using server = await serverThat(
      (_request, response) => void response.writeHead(206, headers).end("some"),
    );
    await assert.rejects(read(server.store, 10), { code: "StoreFailed", message: /can be understood/ });
  }
  await using whole = await serverThat((_request, response) => {
    response.writeHead(200, { "x-goog-generation": "1", "content-length": "4" }).end("some");
  });
  assert.equal(await read(whole.store), "some");
  await assert.rejects(read(whole.store, 2), { code: "StoreFailed" });
});

test("an answer that is no document of the API is none", async () => {
  for (const body of ["", "no JSON", "[]", "null", '{"items":[{}]}', '{"items":[{"name":"a","size":1}]}']) {
    await using server = await serverThat((_request, response) => void response.end(body));
    const isEmptyList = body === "[]";
    const listed = server.store.list({ prefix: "" }, signal);
    if (isEmptyList) assert.deepEqual((await listed).objects, []);
    else
      await assert.rejects(
        listed,
        { code: "StoreFailed", message: /can be understood to objects\.list/ },
        body,
      );
  }
});

test("a request that is cancelled while it is sent ends at once, and sends no more", async () => {
  const { promise: begun, resolve } = Promise.withResolvers<IncomingMessage>();
  await using server = await serverThat((request) => resolve(request));
  const controller = new AbortController();
  const putting = server.store.put("a", textPayload(Buffer.alloc(50_000_000)), controller.signal);
  const request = await begun;
  controller.abort(new Error("enough"));
  await assert.rejects(putting, { message: "enough" });
  request.on("error", () => undefined).resume();
  if (!request.closed) await new Promise((closed) => request.once("close", closed));
  assert.equal(request.complete, false);
});
