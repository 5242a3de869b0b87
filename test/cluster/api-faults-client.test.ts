/** What a KubeApi says and does when the API server refuses, and when the line breaks. */
import assert from "node:assert/strict";
import { chmodSync, readFileSync, writeFileSync } from "node:fs";
import { after, before, beforeEach, describe, test } from "node:test";
import { inspect } from "node:util";
import { apiStatusOf } from "../../src/cluster/client/api-status.ts";
import { type OpenKubeApi, openKubeApi } from "../../src/cluster/client/open-kube-api.ts";
import type { KubeObject } from "../../src/cluster/kube-api.ts";
import { resourceOf } from "../../src/cluster/store/kube-document.ts";
import { LongshoreError } from "../../src/domain/errors.ts";
import { missingProgram, until } from "../fixtures/run.ts";
import {
  type ApiFault,
  type FaultApiServer,
  startFaultApiServer,
  statusOf,
} from "../servers/fault-api-server.ts";

const { signal } = new AbortController();
const limits = { request: 2000, silence: 1000, overdue: 500 };
const exports = resourceOf("Export");
const key = { namespace: "team", name: "reports" };
const object = (metadata: object = key): KubeObject =>
  ({ apiVersion: "longshore.dev/v1alpha1", kind: "Export", metadata, spec: {} }) as unknown as KubeObject;

describe("a KubeApi", { skip: missingProgram("openssl") }, () => {
  let server: FaultApiServer;
  let api: OpenKubeApi;
  before(async () => {
    server = await startFaultApiServer();
  });
  after(() => server[Symbol.asyncDispose]());
  beforeEach(async () => {
    await api?.[Symbol.asyncDispose]();
    server.fault = () => undefined;
    api = openKubeApi({ kind: "kubeconfig", paths: [server.kubeconfig()] }, limits);
    server.remove("exports", key);
  });
  after(() => api[Symbol.asyncDispose]());

  const open = (user: object): OpenKubeApi =>
    openKubeApi({ kind: "kubeconfig", paths: [server.kubeconfig(user)] });
  /** The `exec` of a user whose plugin is this script. */
  const plugin = (script: string): object => {
    const command = `${server.folder}/plugin`;
    writeFileSync(command, `#!/bin/sh\n${script}\n`);
    chmodSync(command, 0o755);
    return { apiVersion: "client.authentication.k8s.io/v1", command, interactiveMode: "Never" };
  };
  const calls: Record<string, () => Promise<unknown>> = {
    get: () => api.get(exports, key, signal),
    list: () => api.list(exports, { namespace: "team" }, signal),
    watch: () => Array.fromAsync(api.watch(exports, { resourceVersion: "1", timeoutSeconds: 60 }, signal)),
    create: () => api.create(exports, object(), {}, signal),
    replace: () => api.replace(exports, object(), {}, signal),
    patch: () => api.patch(exports, key, {}, {}, signal),
    apply: () => api.apply(exports, object(), { fieldManager: "test" }, signal),
    delete: () => api.delete(exports, key, {}, signal),
    log: () => api.podLog(key, { tailLines: 10 }, signal),
  };

  test("reads what it wrote, without who manages which field, and each item with its kind", async () => {
    const created = await api.create(exports, object(), {}, signal);
    assert.deepEqual(await api.get(exports, key, signal), created);
    const { items } = await api.list(exports, { namespace: "team" }, signal);
    assert.deepEqual(items, [created]);
    server.put("exports", key);
    const [first] = (await api.list(exports, {}, signal)).items;
    assert.equal(Object.hasOwn(first?.metadata ?? {}, "managedFields"), false);
    await api.delete(exports, key, {}, signal);
    assert.equal(await api.get(exports, key, signal), undefined);
    await api.delete(exports, key, {}, signal);
  });

  const answers: Record<string, { fault: ApiFault; code: string; message: RegExp }> = {
    "400": refusal(400, "BadRequest", "it can't be read", "InvalidDocument"),
    "401": refusal(401, "Unauthorized", "Unauthorized", "Unauthenticated"),
    "403": refusal(403, "Forbidden", 'exports "reports" is forbidden: quota', "Forbidden"),
    "404 of the kind": refusal(404, "NotFound", "could not find the requested resource", "ResourceNotFound"),
    "409 that exists": refusal(409, "AlreadyExists", 'exports "reports" already exists', "AlreadyExists"),
    "409 of a version": refusal(409, "Conflict", "the object has been modified", "Conflict"),
    "410": refusal(410, "Expired", "too old resource version: 1 (2)", "WatchExpired"),
    "413": refusal(413, "RequestEntityTooLarge", "limit is 3145728", "TooLarge"),
    "422": refusal(422, "Invalid", "spec.source must have exactly one of", "InvalidDocument"),
    "429": refusal(429, "TooManyRequests", "please try again later", "TooManyRequests"),
    "500": refusal(500, "InternalError", "etcdserver: no leader", "ServerFailed"),
    "503": refusal(503, "ServiceUnavailable", "shutting down", "ServerFailed"),
    "504": refusal(504, "Timeout", "the request did not complete", "ServerFailed"),
    "a proxy's page": {
      fault: { how: "status", code: 502, body: "<html>bad gateway</html>" },
      code: "ServerFailed",
      message: /^the API server answered 502 to /,
    },
    "a cut connection": { fault: { how: "reset" }, code: "ServerUnreachable", message: /127\.0\.0\.1/ },
    silence: { fault: { how: "silence" }, code: "ServerUnreachable", message: /did not answer within 2 s$/ },
  };
  for (const [name, { fault, code, message }] of Object.entries(answers))
    test(`says of ${name} what it is, whatever was asked`, async () => {
      server.fault = () => fault;
      const outcomes = await Promise.allSettled(Object.values(calls).map((call) => call()));
      for (const [index, outcome] of outcomes.entries()) {
        const call = Object.keys(calls)[index];
        assert.equal(outcome.status, "rejected", call);
        const error: unknown = outcome.status === "rejected" ? outcome.reason : undefined;
        assert.ok(error instanceof LongshoreError, `${call}: ${inspect(error)}`);
        assert.equal(error.code, code, call);
        assert.match(error.message, message, call);
        assert.doesNotMatch(inspect(error, { depth: 9 }), /a-token/, call);
      }
    });

  test("an answer that is no JSON, or not what was promised, is named and not quoted", async () => {
    const bodies = ["a-secret", "{", "[]", "null", "7", "{}", '{"metadata":7}', '{"items":[7]}'];
    for (const body of bodies) {
      server.fault = () => ({ how: "status", code: 200, body });
      for (const call of ["get", "list", "create"] as const)
        await assert.rejects(calls[call]!, (error: LongshoreError) => {
          assert.equal(error.code, "ServerFailed", `${call} ${body}`);
          assert.doesNotMatch(inspect(error, { depth: 9 }), /a-secret/);
          return true;
        });
    }
  });

  test("tells how long the server asks to wait, from its header or its Status", async () => {
    const waits: [ApiFault, number | undefined][] = [
      [{ how: "status", code: 429, body: "slow down", headers: { "Retry-After": "7" } }, 7000],
      [{ how: "status", code: 503, body: statusOf(503, "X", "x", { retryAfterSeconds: 3 }) }, 3000],
      [{ how: "status", code: 500, body: statusOf(500, "X", "x") }, undefined],
      [{ how: "status", code: 429, body: "", headers: { "Retry-After": "soon" } }, undefined],
    ];
    for (const [fault, wait] of waits) {
      server.fault = () => fault;
      const error: unknown = await calls["get"]!().catch((reason: unknown) => reason);
      assert.equal(apiStatusOf(error)?.retryAfter, wait);
    }
  });

  test("a kept connection that was closed under a reading is taken again, under a writing it is told", async () => {
    await api.list(exports, {}, signal);
    let cuts = 0;
    server.fault = () => (++cuts === 1 ? { how: "reset" } : undefined);
    assert.equal(await api.get(exports, key, signal), undefined);
    assert.equal(cuts, 2);
    cuts = 0;
    await assert.rejects(api.create(exports, object(), {}, signal), { code: "ServerUnreachable" });
    assert.equal(cuts, 1);
    server.fault = () => ({ how: "lose" });
    await assert.rejects(api.create(exports, object(), {}, signal), { code: "ServerUnreachable" });
    server.fault = () => undefined;
    assert.notEqual(await api.get(exports, key, signal), undefined);
  });

  test("one connection serves many requests", async () => {
    const connections = new Set<unknown>();
    server.fault = ({ connection }) => {
      connections.add(connection);
      return undefined;
    };
    for (let i = 0; i < 20; i++) await api.get(exports, key, signal);
    assert.equal(connections.size, 1);
  });

  test("every call ends with the reason for which it was cancelled", async () => {
    for (const fault of [{ how: "silence" }, { how: "watch", after: 0, ending: "silence" }] as const) {
      server.fault = ({ isWatch }) => (isWatch ? fault : { how: "silence" });
      const controller = new AbortController();
      const query = { resourceVersion: "1", timeoutSeconds: 60 };
      const watching = Array.fromAsync(api.watch(exports, query, controller.signal));
      const getting = api.get(exports, key, controller.signal);
      const ended = [watching, getting].map((call) => assert.rejects(call, { message: "enough" }));
      const arrived = server.requests.length + 2;
      await reached(() => server.requests.length >= arrived);
      controller.abort(new Error("enough"));
      await Promise.all(ended);
      await reached(() => server.watches === 0);
    }
  });

  const streams: Record<string, { ending: (ApiFault & { how: "watch" })["ending"]; code: string }> = {
    "a reset": { ending: "reset", code: "ServerUnreachable" },
    "silence beyond its time": { ending: "silence", code: "ServerUnreachable" },
    garbage: { ending: { send: "<html>a-secret</html>\n" }, code: "ServerFailed" },
    "half an event": { ending: { send: '{"type":"ADDED","obj' }, code: "ServerFailed" },
    "an event of no kind": { ending: { send: '{"type":"NEW","object":{}}\n' }, code: "ServerFailed" },
    "an object without a version": {
      ending: { send: '{"type":"ADDED","object":{"metadata":{}}}\n' },
      code: "ServerFailed",
    },
    "a line without an end": { ending: { send: "x".repeat(2 ** 24 + 1) }, code: "ServerFailed" },
    "ERROR 410": { ending: event("ERROR", statusOf(410, "Expired", "too old")), code: "WatchExpired" },
    "ERROR 500": { ending: event("ERROR", statusOf(500, "InternalError", "oh")), code: "ServerFailed" },
    "ERROR of nothing": { ending: event("ERROR", {}), code: "ServerFailed" },
  };
  for (const [name, { ending, code }] of Object.entries(streams))
    test(`a watch gives what came before ${name}, and then says so`, async () => {
      const since = server.put("exports", { namespace: "team", name: "old" });
      server.put("exports", key);
      server.fault = ({ isWatch }) => (isWatch ? { how: "watch", after: 1, ending } : undefined);
      const names: string[] = [];
      const watching = async (): Promise<void> => {
        const query = { resourceVersion: `${since}`, timeoutSeconds: ending === "silence" ? 1 : 60 };
        for await (const one of api.watch(exports, query, signal))
          if (one.type !== "BOOKMARK") names.push(one.object.metadata.name);
      };
      await assert.rejects(watching, (error: LongshoreError) => {
        assert.equal(error.code, code);
        assert.doesNotMatch(inspect(error, { depth: 9 }), /a-secret/);
        return true;
      });
      assert.deepEqual(names, ["reports"]);
      await reached(() => server.watches === 0);
    });

  test("a watch that has brought a bookmark is held for dead when no other comes", async () => {
    const since = server.put("exports", key);
    const query = { resourceVersion: `${since}`, timeoutSeconds: 60 };
    const types: string[] = [];
    const watching = async (): Promise<void> => {
      for await (const { type } of api.watch(exports, query, signal)) types.push(type);
    };
    const ended = assert.rejects(watching, { code: "ServerUnreachable", message: /nothing came/ });
    await reached(() => server.watches === 1);
    server.bookmark();
    await ended;
    assert.deepEqual(types, ["BOOKMARK"]);
  });

  test("a watch that ends as it should ends, and one that is left is closed", async () => {
    const since = server.put("exports", key);
    server.put("exports", key);
    server.fault = ({ isWatch }) => (isWatch ? { how: "watch", after: 1, ending: "end" } : undefined);
    const query = { resourceVersion: `${since}`, timeoutSeconds: 60 };
    assert.equal((await Array.fromAsync(api.watch(exports, query, signal))).length, 1);
    server.fault = () => undefined;
    for await (const _ of api.watch(exports, query, signal)) break;
    await reached(() => server.watches === 0);
  });

  test("names that would lead elsewhere are refused before anything is sent", async () => {
    const sent = server.requests.length;
    for (const name of ["", ".", "..", "a/b", "a%2fb", "../../secrets/x"]) {
      const wrong = { code: "InvalidArgument" };
      await assert.rejects(api.get(exports, { namespace: "team", name }, signal), wrong, name);
      await assert.rejects(api.get(exports, { namespace: name, name: "a" }, signal), wrong, name);
      await assert.rejects(api.delete(exports, { namespace: "team", name }, {}, signal), wrong, name);
      await assert.rejects(api.list(exports, { namespace: name }, signal), wrong, name);
    }
    await assert.rejects(api.get(exports, { name: "a" }, signal), { code: "InvalidArgument" });
    assert.equal(server.requests.length, sent);
  });

  test("says who it is as the kubeconfig's user wants it", async () => {
    let authorization: string | undefined;
    server.fault = ({ headers }) => {
      ({ authorization } = headers);
      return undefined;
    };
    writeFileSync(`${server.folder}/token`, "from-file");
    // What it was told of itself is its token here.
    const exec = plugin(
      `echo '{"status":{"token":"'$(echo "$KUBERNETES_EXEC_INFO" | tr -dc a-z | cut -c1-9)'"}}'`,
    );
    const users: [object, string][] = [
      [{ token: "fixed" }, "Bearer fixed"],
      [{ tokenFile: "token" }, "Bearer from-file"],
      [{ username: "bob", password: "pw" }, `Basic ${Buffer.from("bob:pw").toString("base64")}`],
      [{ exec }, "Bearer apiersion"],
    ];
    for (const [user, wanted] of users) {
      await using one = open(user);
      await one.get(exports, key, signal);
      assert.equal(authorization, wanted);
      assert.equal(one.namespace, "mine");
    }
  });

  test("a plugin that fails is named by what it says, and never by what it printed", async () => {
    const scripts: [string, RegExp][] = [
      ["echo 'log in again' >&2; echo a-secret; exit 1", /log in again$/],
      ["echo a-secret", /printed no credential$/],
    ];
    for (const [script, message] of scripts) {
      await using one = open({ exec: plugin(script) });
      await assert.rejects(one.get(exports, key, signal), (error: LongshoreError) => {
        assert.equal(error.code, "Unauthenticated");
        assert.match(error.message, message);
        assert.doesNotMatch(inspect(error, { depth: 9 }), /a-secret/);
        return true;
      });
    }
  });

  test("after a 401 the credentials are had afresh", async () => {
    const path = server.kubeconfig({ token: "old" });
    await using one = openKubeApi({ kind: "kubeconfig", paths: [path] });
    server.fault = ({ headers }) =>
      headers.authorization === "Bearer new"
        ? undefined
        : { how: "status", code: 401, body: statusOf(401, "Unauthorized", "Unauthorized") };
    await assert.rejects(one.get(exports, key, signal), { code: "Unauthenticated" });
    writeFileSync(path, readFileSync(path, "utf8").replace('"old"', '"new"'));
    assert.equal(await one.get(exports, key, signal), undefined);
  });

  test("trusts nobody but the kubeconfig's authority", async () => {
    const path = server.kubeconfig();
    const config = JSON.parse(readFileSync(path, "utf8"));
    delete config.clusters[0].cluster["certificate-authority-data"];
    writeFileSync(path, JSON.stringify(config));
    await using one = openKubeApi({ kind: "kubeconfig", paths: [path] });
    const sent = server.requests.length;
    await assert.rejects(one.get(exports, key, signal), {
      code: "ServerUnreachable",
      message: /certificate/,
    });
    assert.equal(server.requests.length, sent);
  });

  test("a server that is away is named by its address", async () => {
    await server.leave();
    try {
      for (const [name, call] of Object.entries(calls))
        await assert.rejects(
          call,
          { code: "ServerUnreachable", message: /127\.0\.0\.1:\d+ can't be reached: .*ECONNREFUSED/ },
          name,
        );
    } finally {
      await server.comeBack();
    }
    assert.equal(await api.get(exports, key, signal), undefined);
  });
});

function refusal(status: number, reason: string, sentence: string, code: string) {
  const fault: ApiFault = { how: "status", code: status, body: statusOf(status, reason, sentence) };
  return { fault, code, message: new RegExp(`^${RegExp.escape(sentence)}$`) };
}

function event(type: string, content: object): { send: string } {
  return { send: `${JSON.stringify({ type, object: content })}\n` };
}

const reached = (holds: () => boolean): Promise<void> => until("the server sees it", holds, 10_000);
