import assert from "node:assert/strict";
import { test } from "node:test";
import { exportSpec, PlayedApi } from "../../test/fixtures/played-api.ts";
import { hasCode } from "../domain/errors.ts";
import { createClient } from "./client.ts";
import type { ExportEvent } from "./events.ts";

const namespace = "default";
const forever = new AbortController().signal;

const put = (api: PlayedApi, name: string, files = 0): void =>
  void api.put("Export", name, { spec: exportSpec, status: { files } });

const textOf = ({ type, object }: ExportEvent): string =>
  `${type} ${object.metadata.name} ${object.status?.files}`;

/** The events one by one, and what was waited for between connections. */
function follow(api: PlayedApi, query: { name?: string; lastEventId?: string } = {}, patience = 5000) {
  const waits: number[] = [];
  const client = createClient({
    server: api.url,
    token: api.token,
    sleep: async (milliseconds) => void waits.push(milliseconds),
    random: () => 0,
    patienceMilliseconds: patience,
  });
  const events = client.exports.events({ namespace, ...query }, forever)[Symbol.asyncIterator]();
  return {
    waits,
    next: async () => {
      const { value } = (await events.next()) as { value: ExportEvent };
      return textOf(value);
    },
    end: () => events.return?.(),
  };
}

test("what is there comes first, then what changes, of one namespace or one export", async () => {
  await using api = await PlayedApi.start();
  put(api, "a");
  put(api, "b");
  api.put("Export", "elsewhere", { spec: exportSpec }, "team");
  const all = follow(api);
  const one = follow(api, { name: "b" });
  assert.deepEqual(
    [await all.next(), await all.next(), await one.next()],
    ["ADDED a 0", "ADDED b 0", "ADDED b 0"],
  );
  put(api, "a", 1);
  put(api, "b", 2);
  assert.deepEqual(
    [await all.next(), await all.next(), await one.next()],
    ["MODIFIED a 1", "MODIFIED b 2", "MODIFIED b 2"],
  );
  api.remove("Export", "b");
  assert.deepEqual([await all.next(), await one.next()], ["DELETED b 2", "DELETED b 2"]);
  await all.end();
  await one.end();
});

test("with a position only what came after it", async () => {
  await using api = await PlayedApi.start();
  put(api, "a");
  put(api, "a", 1);
  const events = follow(api, { lastEventId: "101" });
  assert.equal(await events.next(), "MODIFIED a 1");
  await events.end();
});

test("a cut in the middle of an event costs nothing and doubles nothing", async () => {
  await using api = await PlayedApi.start();
  put(api, "a");
  const events = follow(api, { lastEventId: "101" });
  const next = events.next();
  await api.untilStreams(1);
  put(api, "a", 1);
  assert.equal(await next, "MODIFIED a 1");
  api.sendToStreams('id: 999\nevent: MODIFIED\ndata: {"half"');
  api.cutStreams();
  put(api, "a", 2);
  put(api, "a", 3);
  assert.deepEqual([await events.next(), await events.next()], ["MODIFIED a 2", "MODIFIED a 3"]);
  assert.equal(api.asked.at(-1)?.headers["last-event-id"], "102");
  assert.equal(events.waits.length, 1);
  await events.end();
});

test("a place that the server has forgotten gives the present state", async () => {
  await using api = await PlayedApi.start();
  put(api, "a");
  put(api, "b");
  const events = follow(api, { lastEventId: "102" });
  const next = events.next();
  await api.untilStreams(1);
  put(api, "a", 1);
  await next;
  api.cutStreams();
  put(api, "b", 2);
  api.forget();
  assert.deepEqual([await events.next(), await events.next()], ["ADDED a 1", "ADDED b 2"]);
  await events.end();
});

test("a server that is away for a moment is waited for, longer each time", async () => {
  await using api = await PlayedApi.start();
  put(api, "a");
  api.faults.push("refuse", { status: 503 }, { status: 429 }, "refuse");
  const events = follow(api);
  assert.equal(await events.next(), "ADDED a 0");
  assert.deepEqual(events.waits, [250, 250, 500, 1000]);
  await events.end();
});

test("one that stays away is an error in the end", async () => {
  await using api = await PlayedApi.start();
  api.faults.push(...Array<"refuse">(10).fill("refuse"));
  const events = follow(api);
  await assert.rejects(events.next(), { code: "ServerUnreachable" });
  assert.equal(api.asked.length, 10);
});

test("silence is a cut", async () => {
  await using api = await PlayedApi.start();
  put(api, "a");
  const events = follow(api, { lastEventId: "101" }, 30);
  const next = events.next();
  await api.untilStreams(3);
  put(api, "a", 1);
  assert.equal(await next, "MODIFIED a 1");
  await events.end();
});

test("what is refused is thrown, also after a cut", async () => {
  await using api = await PlayedApi.start();
  await assert.rejects(follow(api, { name: "none" }).next(), { code: "ResourceNotFound" });
  put(api, "a");
  const events = follow(api, { name: "a" });
  await events.next();
  api.faults.push("refuse", { status: 403, body: '{"code":"Forbidden","detail":"no more"}' });
  api.cutStreams();
  await assert.rejects(events.next(), { code: "Forbidden", message: "no more" });
});

test("an export that went away during a cut is not waited for, even where the server has forgotten it", async () => {
  await using api = await PlayedApi.start();
  put(api, "a");
  const events = follow(api, { name: "a" });
  await events.next();
  api.cutStreams();
  api.remove("Export", "a");
  api.forget();
  await assert.rejects(events.next(), { code: "ResourceNotFound" });
});

test("comments, unknown events and unknown fields are passed over; nonsense is an error", async () => {
  await using api = await PlayedApi.start();
  put(api, "a");
  const events = follow(api, { lastEventId: "101" });
  const next = events.next();
  await api.untilStreams(1);
  api.sendToStreams(": still here\n\nevent: BOOKMARK\nid: 5\ndata: {}\n\nfoo: bar\nretry: x\n\ndata: {}\n\n");
  put(api, "a", 1);
  assert.equal(await next, "MODIFIED a 1");
  api.sendToStreams("event: MODIFIED\nid: 6\ndata: {]\n\n");
  await assert.rejects(events.next(), { code: "ServerFailed" });
});

test("an event without an end is not kept", async () => {
  await using api = await PlayedApi.start();
  put(api, "a");
  const events = follow(api);
  await events.next();
  api.sendToStreams(`data: ${"x".repeat(5 * 2 ** 20)}`);
  await assert.rejects(events.next(), (error) => hasCode(error, "ServerFailed"));
});

test("leaving the loop closes the connection", async () => {
  await using api = await PlayedApi.start();
  put(api, "a");
  const client = createClient({ server: api.url, token: api.token });
  for await (const event of client.exports.events({ namespace }, forever)) {
    assert.equal(event.id, "101");
    break;
  }
  await api.untilNoStream();
});
