/** A reflector goes on through whatever the line or the API server does, tells every difference once and misses none. */
import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";
import type { ObjectChange } from "../../src/cluster/client/object-cache.ts";
import { type OpenKubeApi, openKubeApi } from "../../src/cluster/client/open-kube-api.ts";
import type { Pause } from "../../src/cluster/client/pause.ts";
import {
  createReflector,
  type Reflector,
  type ReflectorOptions,
} from "../../src/cluster/client/reflector.ts";
import type { KubeObject } from "../../src/cluster/kube-api.ts";
import { resourceOf } from "../../src/cluster/store/kube-document.ts";
import { LongshoreError } from "../../src/domain/errors.ts";
import { missingProgram, until } from "../fixtures/run.ts";
import {
  type ApiFault,
  type ApiRequest,
  type FaultApiServer,
  startFaultApiServer,
  statusOf,
} from "../servers/fault-api-server.ts";

const namespace = "team";
const plural = "exports";
/** Milliseconds after a bookmark. */
const silence = 700;

interface Follower extends AsyncDisposable {
  readonly reflector: Reflector<KubeObject>;
  readonly changes: readonly ObjectChange<KubeObject>[];
  readonly errors: readonly string[];
  readonly pauses: readonly number[];
  /** Waits until that much was told, and gives all of it as "ADDED a". */
  told(count: number): Promise<string[]>;
}

describe("a reflector", { skip: missingProgram("openssl") }, () => {
  let server: FaultApiServer;
  let api: OpenKubeApi;
  before(async () => {
    server = await startFaultApiServer();
    api = openKubeApi({ kind: "kubeconfig", paths: [server.kubeconfig()] }, { request: 2000, silence });
  });
  after(async () => {
    await api[Symbol.asyncDispose]();
    await server[Symbol.asyncDispose]();
  });
  beforeEach(() => {
    server.fault = () => undefined;
    for (const name of names) server.remove(plural, { namespace, name });
  });

  const put = (name: string, members: object = {}): number =>
    server.put(plural, { namespace, name }, members);
  const remove = (name: string): void => server.remove(plural, { namespace, name });

  function follow(options: Partial<ReflectorOptions<KubeObject>> = {}): Follower {
    const controller = new AbortController();
    const changes: ObjectChange<KubeObject>[] = [];
    const errors: string[] = [];
    const pauses: number[] = [];
    const briefly: Pause = async (milliseconds, signal) => {
      pauses.push(milliseconds);
      await new Promise((wake) => setTimeout(wake, 5));
      signal.throwIfAborted();
    };
    const reflector = createReflector({
      api,
      resource: resourceOf("Export"),
      query: { namespace },
      clock: { now: () => performance.now() },
      random: () => 1,
      pause: briefly,
      onError: (error) => errors.push(error instanceof LongshoreError ? error.code : String(error)),
      ...options,
    });
    const running = reflector.run((change) => changes.push(change), controller.signal);
    const texts = (): string[] => changes.map(({ type, object }) => `${type} ${object.metadata.name}`);
    return {
      reflector,
      changes,
      errors,
      pauses,
      told: async (count) => {
        await until(
          `${count} changes, of which ${texts().join()} came`,
          () => changes.length >= count,
          20_000,
        );
        return texts();
      },
      [Symbol.asyncDispose]: async () => {
        controller.abort(new Error("the test is over"));
        await running;
        await until("the watches are closed", () => server.watches === 0);
      },
    };
  }

  test("lists in pages, then tells what changes, and has all of it", async () => {
    for (const name of ["a", "b", "c", "d", "e"]) put(name);
    server.put(plural, { namespace: "other", name: "x" });
    const before = server.requests.length;
    await using follower = follow({ pageSize: 2, indexBy: ({ metadata }) => metadata.name.slice(0, 1) });
    assert.deepEqual(await follower.told(5), ["ADDED a", "ADDED b", "ADDED c", "ADDED d", "ADDED e"]);
    await follower.reflector.ready(new AbortController().signal);
    const path = `/apis/longshore.dev/v1alpha1/namespaces/${namespace}/exports`;
    await until("it watches", () => server.watches === 1);
    assert.deepEqual(server.requests.slice(before), [
      ...Array<string>(3).fill(`GET ${path}`),
      `watch ${path}`,
    ]);
    const version = put("b", { spec: { suspend: true } });
    remove("c");
    put("bb");
    assert.deepEqual((await follower.told(8)).slice(5), ["MODIFIED b", "DELETED c", "ADDED bb"]);
    const { reflector } = follower;
    assert.equal(reflector.get({ namespace, name: "b" })?.metadata.resourceVersion, `${version}`);
    assert.equal(reflector.get({ namespace, name: "c" }), undefined);
    assert.deepEqual(
      reflector.list(namespace).map(({ metadata }) => metadata.name),
      ["a", "b", "d", "e", "bb"],
    );
    assert.deepEqual(reflector.list("other"), []);
    assert.deepEqual(
      reflector.indexed("b").map(({ metadata }) => metadata.name),
      ["b", "bb"],
    );
    assert.deepEqual(reflector.indexed("c"), []);
    assert.equal(
      Object.hasOwn(reflector.get({ namespace, name: "a" })?.metadata ?? {}, "managedFields"),
      false,
    );
    assert.deepEqual([follower.errors, follower.pauses], [[], []]);
    server.remove(plural, { namespace: "other", name: "x" });
  });

  const status = (code: number, reason: string): ApiFault => ({
    how: "status",
    code,
    body: statusOf(code, reason, reason),
  });
  const after1 = (ending: (ApiFault & { how: "watch" })["ending"]): ApiFault => ({
    how: "watch",
    after: 1,
    ending,
  });
  const errorEvent = (code: number): { send: string } => ({
    send: `${JSON.stringify({ type: "ERROR", object: statusOf(code, "X", "x") })}\n`,
  });
  /** What the first watch meets; `listed` is whether it lists again for it. */
  const faults: Record<string, { fault: ApiFault; errors: string[]; isListed?: boolean }> = {
    "a clean end": { fault: after1("end"), errors: [] },
    "a reset": { fault: after1("reset"), errors: ["ServerUnreachable"] },
    "a watch that falls silent": { fault: after1("silence"), errors: ["ServerUnreachable"] },
    garbage: { fault: after1({ send: "<html></html>\n" }), errors: ["ServerFailed"] },
    "half an event": { fault: after1({ send: '{"type":"ADD' }), errors: ["ServerFailed"] },
    "ERROR 500": { fault: after1(errorEvent(500)), errors: ["ServerFailed"] },
    "ERROR 410": { fault: after1(errorEvent(410)), errors: [], isListed: true },
    "a reset before the answer": { fault: { how: "reset" }, errors: [] },
    "a 410": { fault: status(410, "Expired"), errors: [], isListed: true },
    "a 500": { fault: status(500, "InternalError"), errors: ["ServerFailed"] },
    "a 429": { fault: status(429, "TooManyRequests"), errors: ["TooManyRequests"] },
    "a 401": { fault: status(401, "Unauthorized"), errors: ["Unauthenticated"] },
    "a 403": { fault: status(403, "Forbidden"), errors: ["Forbidden"] },
    "a 404 of the kind": { fault: status(404, "NotFound"), errors: ["ResourceNotFound"] },
    "no answer": { fault: { how: "silence" }, errors: ["ServerUnreachable"] },
    "an end at once": { fault: { how: "watch", after: 0, ending: "end" }, errors: ["ServerFailed"] },
  };
  for (const [name, { fault, errors, isListed = false }] of Object.entries(faults))
    test(`${name} costs nothing but a moment`, async () => {
      put("a");
      put("b");
      let watches = 0;
      let lists = 0;
      server.fault = ({ isWatch }) => {
        if (!isWatch) lists++;
        else if (++watches === 1) return fault;
        return undefined;
      };
      await using follower = follow();
      await follower.told(2);
      await until("it watches", () => watches > 0);
      // What a stream lets through before it breaks: a bookmark or the first change.
      if (name === "a watch that falls silent") server.bookmark();
      put("a");
      put("c");
      remove("b");
      const told = await follower.told(5);
      assert.deepEqual(told.slice(0, 2), ["ADDED a", "ADDED b"]);
      assert.deepEqual(told.slice(2).toSorted(), ["ADDED c", "DELETED b", "MODIFIED a"]);
      put("d");
      assert.deepEqual((await follower.told(6)).slice(5), ["ADDED d"]);
      assert.deepEqual(follower.errors, errors);
      assert.equal(lists, isListed ? 2 : 1);
      assert.equal(watches, 2);
    });

  test("a kind that has no bookmarks may say nothing for as long as its watch lasts", async () => {
    put("a");
    await using follower = follow();
    await follower.told(1);
    await until("it watches", () => server.watches === 1);
    const sent = server.requests.length;
    await new Promise((wake) => setTimeout(wake, 2 * silence));
    put("b");
    assert.deepEqual((await follower.told(2)).slice(1), ["ADDED b"]);
    assert.deepEqual(follower.errors, []);
    assert.equal(server.requests.length, sent);
  });

  test("what happened while nothing was known of it is told as the difference, no more and no less", async () => {
    for (const name of ["a", "b", "c", "d"]) put(name);
    await using follower = follow({ pageSize: 2 });
    await follower.told(4);
    const replaced = follower.reflector.get({ namespace, name: "d" })?.metadata.uid;
    await until("it watches", () => server.watches === 1);
    await server.leave();
    put("a", { spec: { suspend: true } });
    put("a", { spec: { suspend: false } });
    remove("b");
    put("e");
    put("f");
    remove("f");
    remove("d");
    put("d");
    server.forget();
    await until("it has tried for a while", () => follower.errors.length > 8);
    await server.comeBack();
    const told = await follower.told(9);
    assert.deepEqual(told.slice(4), ["MODIFIED a", "DELETED d", "ADDED d", "ADDED e", "DELETED b"]);
    assert.equal(follower.changes[5]?.object.metadata.uid, replaced);
    assert.notEqual(follower.changes[6]?.object.metadata.uid, replaced);
    put("g");
    assert.deepEqual((await follower.told(10)).slice(9), ["ADDED g"]);
    assert.ok(follower.errors.every((code) => code === "ServerUnreachable"));
  });

  test("waits longer after each failure in a row, and as long as the server asks", async () => {
    server.fault = () => status(500, "InternalError");
    await using follower = follow({ backOff: { first: 100, longest: 1000 } });
    await until("it has failed often", () => follower.pauses.length >= 6);
    assert.deepEqual(follower.pauses.slice(0, 6), [100, 200, 400, 800, 1000, 1000]);
    const asked = (seconds: number): ApiFault => ({
      how: "status",
      code: 429,
      body: "",
      headers: { "Retry-After": `${seconds}` },
    });
    for (const [seconds, wait] of [
      [7, 7000],
      [9999, 300_000],
    ] as const) {
      server.fault = () => asked(seconds);
      await until(`it waits ${wait} ms`, () => follower.pauses.at(-1) === wait);
    }
    server.fault = () => undefined;
    put("a");
    await follower.told(1);
    await until("it watches", () => server.watches === 1);
    put("b");
    await follower.told(2);
    const failed = follower.pauses.length;
    await server.leave();
    await until("it has failed again", () => follower.pauses.length > failed);
    assert.equal(follower.pauses[failed], 100);
    await server.comeBack();
  });

  test("a list whose pages are forgotten while it is read is read at once", async () => {
    for (const name of ["a", "b", "c"]) put(name);
    let lists = 0;
    const limits: (string | null)[] = [];
    server.fault = ({ isWatch, query }: ApiRequest) => {
      if (isWatch) return undefined;
      limits.push(query.get("limit"));
      if (++lists === 2) {
        put("d");
        server.forget();
      }
      return undefined;
    };
    await using follower = follow({ pageSize: 2 });
    assert.deepEqual(await follower.told(4), ["ADDED a", "ADDED b", "ADDED c", "ADDED d"]);
    assert.deepEqual(limits, ["2", "2", null]);
    assert.deepEqual(follower.errors, []);
  });

  test("an event that can't be read every time is stepped over by a list", async () => {
    put("a");
    let failures = 0;
    let lists = 0;
    server.fault = ({ isWatch }) => {
      if (!isWatch) lists++;
      return isWatch && failures < 2 ? { how: "watch", after: 0, ending: { send: "}\n" } } : undefined;
    };
    await using follower = follow({ onError: () => failures++ });
    await follower.told(1);
    await until("it has failed twice", () => failures === 2);
    put("b");
    assert.deepEqual(await follower.told(2), ["ADDED a", "ADDED b"]);
    assert.deepEqual([failures, lists], [2, 2]);
  });

  test("bookmarks move it on, so that a quiet kind is not listed again", async () => {
    put("a");
    let lists = 0;
    server.fault = ({ isWatch }) => {
      if (!isWatch) lists++;
      return undefined;
    };
    await using follower = follow();
    await follower.told(1);
    await until("it watches", () => server.watches === 1);
    server.put("others", { namespace, name: "x" });
    const version = server.put("others", { namespace, name: "y" });
    server.bookmark();
    await until("the bookmark came", () => follower.reflector.position() === `${version}`);
    server.forget();
    await server.leave();
    await server.comeBack();
    put("b");
    assert.deepEqual(await follower.told(2), ["ADDED a", "ADDED b"]);
    assert.equal(lists, 1);
  });

  test("a handler that throws is told of, and everything else still comes", async () => {
    put("a");
    put("b");
    const seen: string[] = [];
    const errors: string[] = [];
    const controller = new AbortController();
    const reflector = createReflector({
      api,
      resource: resourceOf("Export"),
      query: { namespace },
      clock: { now: () => performance.now() },
      random: () => 0,
      onError: (error, about) => errors.push(`${about}: ${String(error)}`),
    });
    const running = reflector.run(({ object }) => {
      seen.push(object.metadata.name);
      throw new Error("oh");
    }, controller.signal);
    await until("both came", () => seen.length === 2);
    put("c");
    await until("the third came", () => seen.length === 3);
    assert.deepEqual(
      errors,
      ["a", "b", "c"].map((name) => `Export team/${name}: Error: oh`),
    );
    controller.abort(new Error("enough"));
    await running;
    await until("the watch is closed", () => server.watches === 0);
  });

  test("a reader that is slow gets every change, and one that leaves closes the watch", async () => {
    const reflector = createReflector({
      api,
      resource: resourceOf("Export"),
      query: { namespace },
      clock: { now: () => performance.now() },
      random: () => 0,
      onError: (error) => assert.fail(String(error)),
    });
    put("a");
    const seen: string[] = [];
    for await (const { type, object } of reflector.changes(new AbortController().signal)) {
      seen.push(`${type} ${(object as { spec?: { i?: number } }).spec?.i ?? ""}`);
      if (seen.length === 1) {
        for (let i = 1; i <= 500; i++) put("a", { spec: { i } });
      }
      if (seen.length === 501) break;
    }
    assert.deepEqual(
      seen.slice(1),
      Array.from({ length: 500 }, (_, i) => `MODIFIED ${i + 1}`),
    );
    await until("the watch is closed", () => server.watches === 0);
  });

  const moments: Record<string, ApiFault | undefined> = {
    "while it lists": { how: "silence" },
    "while it waits to try again": status(500, "InternalError"),
    "while it watches": undefined,
  };
  for (const [name, fault] of Object.entries(moments))
    test(`cancelled ${name}, it ends with everything closed`, async () => {
      server.fault = () => fault;
      const controller = new AbortController();
      const errors: unknown[] = [];
      const reflector = createReflector({
        api,
        resource: resourceOf("Export"),
        query: { namespace },
        clock: { now: () => performance.now() },
        random: () => 1,
        backOff: { first: 3_600_000, longest: 3_600_000 },
        onError: (error) => errors.push(error),
      });
      const sent = server.requests.length;
      const running = reflector.run(() => assert.fail("nothing changed"), controller.signal);
      const ready = reflector.ready(controller.signal);
      const outcome = fault === undefined ? ready : assert.rejects(ready, { message: "enough" });
      await until("it is there", () => {
        if (fault === undefined) return server.watches === 1;
        return fault.how === "status" ? errors.length === 1 : server.requests.length > sent;
      });
      controller.abort(new Error("enough"));
      await running;
      await outcome;
      await until("the watch is closed", () => server.watches === 0);
      const after = server.requests.length;
      put("a");
      await new Promise((wake) => setImmediate(wake));
      assert.equal(server.requests.length, after);
      await assert.rejects(reflector.changes(controller.signal).next(), { message: "enough" });
    });
});

const names = ["a", "b", "bb", "c", "d", "e", "f", "g"];
