import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { test } from "node:test";
import { exportRequest, type TestGateway, testGateway } from "../../../test/fixtures/gateway.ts";
import { newExport } from "../../../test/fixtures/resources.ts";
import { LongshoreError } from "../../domain/errors.ts";
import { Export } from "../../domain/resources/resource.ts";

const base = "/api/v1/namespaces/default";
const { signal } = new AbortController();

interface Stream extends AsyncDisposable {
  readonly response: Response;
  /** The next block that is not `retry:`; undefined at the end. */
  next(): Promise<Record<string, string> | undefined>;
}

async function follow(
  gateway: TestGateway,
  path: string,
  headers: Record<string, string> = {},
): Promise<Stream> {
  const url = gateway.dependencies.publicUrl();
  const response = await fetch(url + path, {
    headers: { authorization: `Bearer ${gateway.tokens.reader}`, ...headers },
  });
  const reader = (response.body ?? new Blob([]).stream()).getReader();
  const decoder = new TextDecoder();
  let text = "";
  const next: Stream["next"] = async () => {
    for (;;) {
      const end = text.indexOf("\n\n");
      if (end < 0) {
        const { value, done } = await reader.read();
        if (done) return undefined;
        text += decoder.decode(value, { stream: true });
        continue;
      }
      const block = text.slice(0, end);
      text = text.slice(end + 2);
      if (block.startsWith("retry:")) continue;
      return Object.fromEntries(
        block.split("\n").map((line) => line.split(/: ?(.*)/s, 2) as [string, string]),
      );
    }
  };
  return { response, next, [Symbol.asyncDispose]: () => reader.cancel() };
}

const create = (gateway: TestGateway, name: string, namespace = "default") =>
  gateway.dependencies.store.create("Export", newExport({ namespace, name }), signal);

const label = (gateway: TestGateway, name: string, team: string) =>
  gateway.call("PATCH", `${base}/exports/${name}`, { metadata: { labels: { team } } });

test("events come as they happen, whole, and go on after Last-Event-ID", async () => {
  await using gateway = await testGateway();
  await gateway.listen();
  await create(gateway, "a");
  await create(gateway, "b");
  let lastId = "";
  {
    await using stream = await follow(gateway, `${base}/events`);
    assert.equal(stream.response.headers.get("content-type"), "text/event-stream");
    assert.equal(stream.response.headers.get("cache-control"), "no-store");
    const added = [await stream.next(), await stream.next()];
    assert.deepEqual(
      added.map((event) => event?.["event"]),
      ["ADDED", "ADDED"],
    );
    await create(gateway, "elsewhere", "other");
    await label(gateway, "b", "x");
    const modified = await stream.next();
    assert.equal(modified?.["event"], "MODIFIED");
    const object = Export.parse(JSON.parse(modified["data"] ?? ""));
    assert.deepEqual([object.metadata.name, object.metadata.labels], ["b", { team: "x" }]);
    assert.equal(modified["id"], object.metadata.resourceVersion);
    lastId = modified["id"] ?? "";
  }
  await label(gateway, "a", "y");
  await gateway.call("DELETE", `${base}/exports/b`);
  await using stream = await follow(gateway, `${base}/events`, { "last-event-id": lastId });
  const events = [await stream.next(), await stream.next()];
  assert.deepEqual(
    events.map((event) => event?.["event"]),
    ["MODIFIED", "DELETED"],
  );
});

test("of one export there are only its own; one that is not there is not found", async () => {
  await using gateway = await testGateway();
  await gateway.listen();
  await create(gateway, "a");
  await create(gateway, "ab");
  await using stream = await follow(gateway, `${base}/exports/a/events`);
  assert.equal((await stream.next())?.["event"], "ADDED");
  await label(gateway, "ab", "x");
  await label(gateway, "a", "x");
  const event = await stream.next();
  assert.equal(Export.parse(JSON.parse(event?.["data"] ?? "")).metadata.name, "a");
  assert.equal((await gateway.call("GET", `${base}/exports/nothing/events`)).status, 404);
  // Who was following it when it went is told so instead.
  await gateway.call("DELETE", `${base}/exports/a`);
  await using later = await follow(gateway, `${base}/exports/a/events`, {
    "last-event-id": event?.["id"] ?? "",
  });
  assert.equal((await later.next())?.["event"], "DELETED");
});

test("whoever comes back too late gets what is there now", async () => {
  await using gateway = await testGateway();
  await gateway.listen();
  await create(gateway, "a");
  await using stream = await follow(gateway, `${base}/events`, { "last-event-id": "999999" });
  assert.equal((await stream.next())?.["event"], "ADDED");
  for (const id of ["x", "-1", "1e3", "9".repeat(16)]) {
    const { status } = await gateway.call("GET", `${base}/events`, undefined, { "last-event-id": id });
    assert.equal(status, 400, id);
  }
});

test("whoever falls too far behind gets what is there now", async () => {
  const asked: (string | undefined)[] = [];
  await using gateway = await testGateway({}, ({ store }) => ({
    store: {
      ...store,
      watch: async function* (kind, query, until) {
        asked.push(query.since);
        if (query.since === "1") throw new LongshoreError("WatchExpired", "forgotten");
        yield* store.watch(kind, query, until);
      },
    },
  }));
  await gateway.listen();
  for (const name of ["b", "a", "c"]) await create(gateway, name);
  await using stream = await follow(gateway, `${base}/events`, { "last-event-id": "1" });
  const shown = [await stream.next(), await stream.next(), await stream.next()];
  assert.deepEqual(
    shown.map((event) => [event?.["event"], event?.["id"]]),
    [
      ["ADDED", undefined],
      ["ADDED", undefined],
      ["ADDED", "3"],
    ],
    "only the last may be gone on from, or whoever is cut off before would miss the rest",
  );
  await label(gateway, "b", "x");
  assert.equal((await stream.next())?.["event"], "MODIFIED");
  assert.deepEqual(asked, ["1", "3"]);
});

test("a heartbeat keeps it open, and ends it when the token is taken back", async () => {
  await using gateway = await testGateway({ limits: { heartbeat: 20 } });
  await gateway.listen();
  const { token } = (await gateway.call("POST", "/api/v1/tokens", { name: "short", role: "reader" })).body;
  await using stream = await follow(gateway, `${base}/events`, { authorization: `Bearer ${token}` });
  assert.deepEqual(await stream.next(), { "": "alive" });
  assert.deepEqual(await stream.next(), { "": "alive" });
  await gateway.call("DELETE", "/api/v1/tokens/short");
  let beats = 0;
  while ((await stream.next()) !== undefined) beats++;
  assert.ok(beats < 100, "it ended");
  assert.deepEqual(gateway.reported, []);
});

test("closing the gateway ends every stream", async () => {
  const gateway = await testGateway();
  await gateway.listen();
  await create(gateway, "a");
  const streams = await Promise.all(Array.from({ length: 5 }, () => follow(gateway, `${base}/events`)));
  for (const stream of streams) await stream.next();
  await gateway[Symbol.asyncDispose]();
  for (const stream of streams) assert.equal(await stream.next(), undefined);
  assert.deepEqual(gateway.reported, []);
});

test("who does not read holds back the store, not the memory", async () => {
  let given = 0;
  const document = JSON.stringify(exportRequest({ allowed: "/x" }, "a", { include: ["x".repeat(900)] }));
  await using gateway = await testGateway({}, ({ store }) => ({
    store: {
      ...store,
      watch: async function* (kind, _query, until) {
        const made = await store.create(kind, newExport({ namespace: "default", name: "a" }) as never, until);
        const object = {
          ...made,
          spec: { ...made.spec, include: Array.from({ length: 1000 }, () => document) },
        };
        for (; !until.aborted; given++) yield { type: "MODIFIED", object };
      },
    },
  }));
  const url = new URL(await gateway.listen());
  const socket = connect(Number(url.port), url.hostname);
  await once(socket, "connect");
  socket.write(
    `GET ${base}/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${gateway.tokens.reader}\r\n\r\n`,
  );
  await once(socket, "readable");
  let before = -1;
  // It settles when the buffers between here and there are full, however large the system made them.
  while (before !== given) {
    before = given;
    for (let turn = 0; turn < 50; turn++) await new Promise(setImmediate);
  }
  assert.ok(given < 100, `${given} events of a megabyte were taken`);
  socket.destroy();
});
