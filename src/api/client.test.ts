import assert from "node:assert/strict";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, test } from "node:test";
import { exportSpec, type Fault, PlayedApi } from "../../test/fixtures/played-api.ts";
import { type ErrorCode, LongshoreError } from "../domain/errors.ts";
import type { ClientOptions } from "./client-options.ts";
import { createClient } from "./client.ts";
import type { LongshoreClient } from "./longshore-client.ts";

const { signal } = new AbortController();
const key = { namespace: "default", name: "reports" };
const document = { metadata: { name: "reports" }, spec: exportSpec } as const;

const failure = (code: ErrorCode, message: RegExp) => (error: unknown) => {
  assert.ok(error instanceof LongshoreError, String(error));
  assert.match(error.message, message);
  assert.equal(error.code, code);
  return true;
};

function connect(
  api: { readonly url: string; readonly token?: string },
  options: Partial<ClientOptions> = {},
): { client: LongshoreClient; waits: number[] } {
  const waits: number[] = [];
  let keys = 0;
  const client = createClient({
    server: api.url,
    token: api.token,
    sleep: async (milliseconds) => void waits.push(milliseconds),
    random: () => 0.5,
    newKey: () => `key-${++keys}`,
    ...options,
  });
  return { client, waits };
}

const methodsAsked = (api: PlayedApi): string[] => api.asked.map(({ method }) => method);
const newExport = () => structuredClone(document) as Parameters<LongshoreClient["exports"]["create"]>[1];

describe("everything of the interface", () => {
  test("exports", async () => {
    await using api = await PlayedApi.start();
    const { client } = connect(api);
    const made = await client.exports.create("default", newExport(), signal);
    assert.equal((await client.exports.get(key, signal)).metadata.uid, made.metadata.uid);
    assert.equal((await client.exports.patch(key, { spec: { suspend: true } }, signal)).spec.suspend, true);
    assert.equal(api.asked.at(-1)?.headers["content-type"], "application/merge-patch+json");
    assert.equal(api.asked.at(-1)?.headers["if-match"], undefined);
    await client.exports.patch({ ...key, resourceVersion: "102" }, { spec: { suspend: false } }, signal);
    assert.equal(api.asked.at(-1)?.headers["if-match"], '"102"');
    assert.equal((await client.exports.cancel(key, signal)).spec.cancel, true);
    await client.exports.delete({ ...key, deletionPolicy: "Retain" }, signal);
    assert.equal(api.asked.at(-1)?.url, "/api/v1/namespaces/default/exports/reports?deletionPolicy=Retain");
  });

  test("lists are followed from page to page", async () => {
    await using api = await PlayedApi.start();
    const { client } = connect(api);
    for (const name of ["a", "b", "c", "d", "e"]) api.put("Export", name, { spec: exportSpec });
    api.put("Export", "other", { spec: exportSpec }, "team");
    const namesOf = async (namespace: string | undefined, limit?: number): Promise<string[][]> => {
      const pages: string[][] = [];
      for await (const { items } of client.exports.pages({ namespace, limit }, signal))
        pages.push(items.map(({ metadata }) => metadata.name));
      return pages;
    };
    assert.deepEqual(await namesOf("default"), [["a", "b"], ["c", "d"], ["e"]]);
    assert.deepEqual(await namesOf(undefined, 4), [
      ["a", "b", "c", "d"],
      ["e", "other"],
    ]);
    assert.deepEqual(await namesOf("empty"), [[]]);
    assert.equal(
      (await client.exports.list({ namespace: "default", continue: "4" }, signal)).items.length,
      1,
    );
  });

  test("files, by the bytes of their paths", async () => {
    await using api = await PlayedApi.start();
    api.put("Export", "reports", { spec: exportSpec });
    const entry = { name: "x", type: "file", path: "x", size: 3 };
    api.files.set("files", { path: "", entries: [entry], cursor: "c 1" });
    api.files.set("files?cursor=c%201&limit=5", { path: "", entries: [] });
    api.files.set("files/2026/a%20b%3F/", { path: "2026/a b?/", entries: [entry] });
    api.files.set("files/caf%E9%2B.csv", { entry });
    const { client } = connect(api);
    const files = (more: object) => client.exports.files({ ...key, ...more }, signal);
    assert.deepEqual(await files({}), { path: "", entries: [entry], cursor: "c 1" });
    assert.deepEqual(await files({ cursor: "c 1", limit: 5 }), { path: "", entries: [] });
    assert.deepEqual(await files({ path: "2026/a b?/" }), { path: "2026/a b?/", entries: [entry] });
    assert.deepEqual(await files({ path: "caf\xe9+.csv" }), { entry });
    await assert.rejects(files({ path: "none" }), failure("EntryNotFound", /none/));
    for (const path of ["../x", "a/../b", "a//b", "."])
      await assert.rejects(files({ path }), failure("InvalidArgument", /path/), path);
  });

  test("grants, destinations, tokens, keys, the audit, and who I am", async () => {
    await using api = await PlayedApi.start();
    api.put("Export", "reports", { spec: exportSpec });
    const { client } = connect(api);
    const grant = await client.grants.create(key, { expiresInSeconds: 60 }, signal);
    assert.match(grant.url, /\?grant=a\.b\.c$/);
    const grantKey = { namespace: "default", name: grant.metadata.name };
    assert.equal((await client.grants.get(grantKey, signal)).spec.expiresInSeconds, 60);
    assert.equal(
      (await client.grants.list({ namespace: "default", export: "reports" }, signal)).items.length,
      1,
    );
    assert.match(api.asked.at(-1)?.url ?? "", /\/exports\/reports\/grants$/);
    assert.equal(
      (await client.grants.patch(grantKey, { spec: { revoked: true } }, signal)).spec.revoked,
      true,
    );
    assert.ok(await client.grants.delete(grantKey, signal));
    const place = { metadata: { name: "outbox" }, spec: { directory: { path: "/mnt" } } };
    await client.destinations.create("default", place, signal);
    assert.equal(
      (await client.destinations.get({ ...key, name: "outbox" }, signal)).spec.directory?.path,
      "/mnt",
    );
    assert.equal((await client.destinations.list({ namespace: "default" }, signal)).items.length, 1);
    assert.ok(await client.destinations.delete({ ...key, name: "outbox" }, signal));
    assert.equal((await client.tokens.create({ name: "ci", role: "reader" }, signal)).token, "secret-of-ci");
    assert.equal((await client.tokens.list(signal)).items.length, 1);
    await client.tokens.delete("ci", signal);
    assert.equal((await client.tokens.list(signal)).items.length, 0);
    assert.equal((await client.rotateKey(signal)).keyId, "k2");
    assert.deepEqual(await client.whoami(signal), { actor: "token:test", role: "admin" });
    api.audit = [3, 2, 1].map((id) => ({
      id,
      time: "2026-01-31T12:00:00.000Z",
      actor: "system",
      action: "create",
      kind: "Export",
      status: 202,
    }));
    assert.equal((await client.audit({}, signal)).next, 2);
    assert.deepEqual(
      (await client.audit({ before: 2, limit: 1 }, signal)).items.map(({ id }) => id),
      [1],
    );
  });

  test("a name can't lead to another address", async () => {
    await using api = await PlayedApi.start();
    const { client } = connect(api);
    for (const name of ["", ".", "..", "\ud800"])
      await assert.rejects(client.exports.get({ ...key, name }, signal), failure("InvalidArgument", /name/));
    assert.equal(api.asked.length, 0);
    await assert.rejects(client.exports.get({ ...key, name: "../tokens?x#y" }, signal), LongshoreError);
    assert.equal(api.asked[0]?.url, "/api/v1/namespaces/default/exports/..%2Ftokens%3Fx%23y");
  });
});

describe("a bad line", () => {
  const faults: [name: string, fault: Fault][] = [
    ["no answer", "refuse"],
    ["a lost answer", "lose"],
    ["half an answer", "halve"],
    ["500 of nobody knows whom", { status: 500, body: "<html>" }],
    ["502 of a proxy", { status: 502 }],
    ["503", { status: 503, headers: { "Retry-After": "2" } }],
    ["429", { status: 429, headers: { "Retry-After": "1" } }],
  ];
  for (const [name, fault] of faults)
    test(`${name}: the call is made again, and done once`, async () => {
      await using api = await PlayedApi.start();
      const { client, waits } = connect(api);
      api.faults.push(fault, fault);
      const made = await client.exports.create("default", newExport(), signal);
      assert.equal(made.metadata.resourceVersion, "101", "it was made once");
      assert.deepEqual(methodsAsked(api), ["POST", "POST", "POST"]);
      assert.deepEqual(
        new Set(api.asked.map(({ headers }) => headers["idempotency-key"])),
        new Set(["key-1"]),
      );
      assert.equal(waits.length, 2);
      assert.ok((waits[1] ?? 0) >= (waits[0] ?? 0));
      api.faults.push(fault);
      assert.equal((await client.exports.get(key, signal)).metadata.name, "reports");
      api.faults.push(fault);
      await client.exports.cancel(key, signal);
      assert.equal(api.asked.at(-1)?.headers["idempotency-key"], "key-2", "another call has another key");
    });

  test("the waits grow, differ between clients, and heed Retry-After", async () => {
    await using api = await PlayedApi.start();
    const { client, waits } = connect(api, { random: () => 0 });
    api.faults.push("refuse", "refuse", { status: 503, headers: { "Retry-After": "7" } });
    await client.whoami(signal);
    assert.deepEqual(waits, [125, 250, 7000]);
    waits.length = 0;
    api.faults.push({ status: 503, headers: { "Retry-After": "3600" } });
    await assert.rejects(client.whoami(signal), failure("ServerFailed", /503/));
    assert.deepEqual(waits, []);
  });

  test("it gives up in the end and says which server it was", async () => {
    await using api = await PlayedApi.start();
    const { client, waits } = connect(api);
    api.faults.push("refuse", "refuse", "refuse", "refuse");
    await assert.rejects(
      client.whoami(signal),
      failure("ServerUnreachable", new RegExp(`the server ${api.url} `)),
    );
    assert.equal(waits.length, 3);
    assert.equal(api.asked.length, 4);
  });

  test("a deletion whose answer was lost is no error", async () => {
    await using api = await PlayedApi.start();
    const { client } = connect(api);
    api.put("ExportDestination", "outbox", { spec: { directory: { path: "/mnt" } } });
    api.faults.push("lose");
    assert.equal(await client.destinations.delete({ ...key, name: "outbox" }, signal), undefined);
    await assert.rejects(
      client.destinations.delete({ ...key, name: "outbox" }, signal),
      failure("ResourceNotFound", /outbox/),
    );
  });

  test("a name that is taken may be taken by our own lost attempt, and that is said", async () => {
    await using api = await PlayedApi.start();
    const { client } = connect(api);
    const body = JSON.stringify({ code: "AlreadyExists", detail: "there is a token ci already", hint: "x" });
    api.faults.push("lose", { status: 409, body });
    await assert.rejects(client.tokens.create({ name: "ci", role: "reader" }, signal), (error) => {
      assert.ok(error instanceof LongshoreError);
      assert.match(error.hint, /answer was lost/);
      return true;
    });
    api.faults.push({ status: 409, body });
    await assert.rejects(client.tokens.create({ name: "ci", role: "reader" }, signal), { hint: "x" });
  });

  test("our own first attempt that still runs is waited for; another's conflict is not", async () => {
    await using api = await PlayedApi.start();
    const { client } = connect(api);
    const body = JSON.stringify({ code: "Conflict", detail: "the first request still runs" });
    api.faults.push("lose", { status: 409, body });
    await client.exports.create("default", newExport(), signal);
    assert.equal(api.asked.length, 3);
    api.faults.push({ status: 409, body });
    await assert.rejects(client.exports.cancel(key, signal), failure("Conflict", /still runs/));
    assert.equal(api.asked.length, 4);
  });

  test("a change that depends on a version is sent once", async () => {
    await using api = await PlayedApi.start();
    api.put("Export", "reports", { spec: exportSpec });
    const { client } = connect(api);
    api.faults.push("lose");
    await assert.rejects(
      client.exports.patch({ ...key, resourceVersion: "101" }, { spec: { suspend: true } }, signal),
      failure("ServerUnreachable", /reached/),
    );
    assert.equal(api.asked.length, 1);
  });

  test("a server that falls silent counts as gone", async () => {
    await using server = await serving((_, response) => {
      response.writeHead(200).write("{");
    });
    const { client, waits } = connect(server, { patienceMilliseconds: 20 });
    await assert.rejects(client.whoami(signal), failure("ServerUnreachable", /reached/));
    assert.equal(waits.length, 3);
  });

  test("cancelling ends a call and its waits with the reason", async () => {
    await using api = await PlayedApi.start();
    const controller = new AbortController();
    const reason = new Error("enough");
    const { client } = connect(api, {
      sleep: async () => {
        controller.abort(reason);
        controller.signal.throwIfAborted();
      },
    });
    api.faults.push("refuse");
    await assert.rejects(client.whoami(controller.signal), reason);
    await assert.rejects(client.whoami(controller.signal), reason);
    assert.equal(api.asked.length, 1);
  });
});

describe("what a server refuses with", () => {
  test("keeps its code, message, fields and hint", async () => {
    await using api = await PlayedApi.start();
    const { client } = connect(api);
    const problem = {
      type: "urn:longshore:error:InvalidDocument",
      status: 422,
      code: "InvalidDocument",
      detail: "the document is wrong",
      hint: "look",
      errors: [{ pointer: "/spec/partSize", detail: "must be at least 1Ki" }],
    };
    api.faults.push({ status: 422, body: JSON.stringify(problem) });
    await assert.rejects(client.exports.create("default", newExport(), signal), (error) => {
      assert.ok(error instanceof LongshoreError);
      assert.equal(error.code, "InvalidDocument");
      assert.equal(error.message, "the document is wrong; /spec/partSize: must be at least 1Ki");
      assert.equal(error.hint, "look");
      return true;
    });
    assert.equal(api.asked.length, 1, "what is wrong stays wrong");
  });

  const strange: [name: string, fault: Fault, code: ErrorCode][] = [
    [
      "a code of a newer server",
      { status: 409, body: '{"code":"Frozen","detail":"x is frozen"}' },
      "Conflict",
    ],
    ["a code that every object has", { status: 403, body: '{"code":"toString","detail":"x"}' }, "Forbidden"],
    ["a page of a proxy", { status: 404, body: "<html>" }, "ServerFailed"],
    ["a proxy's 401", { status: 401 }, "Unauthenticated"],
    ["a redirect", { status: 302, headers: { Location: "http://127.0.0.1:1/" } }, "ServerFailed"],
    ["a page that is no answer", { status: 200, body: "<html>hello</html>" }, "ServerFailed"],
    ["an answer of another kind", { status: 200, body: '{"actor":7}' }, "ServerFailed"],
    ["an empty answer", { status: 200 }, "ServerFailed"],
  ];
  for (const [name, fault, code] of strange)
    test(`${name} is ${code}, without a second try`, async () => {
      await using api = await PlayedApi.start();
      const { client } = connect(api);
      api.faults.push(fault);
      await assert.rejects(client.whoami(signal), failure(code, /./));
      assert.equal(api.asked.length, 1);
    });

  test("steers no terminal, and has an end", async () => {
    await using api = await PlayedApi.start();
    const { client } = connect(api);
    const detail = `a\x1b]0;title\x07\u009b31m${"x".repeat(10_000)}`;
    api.faults.push({ status: 403, body: JSON.stringify({ code: "Forbidden", detail, hint: "h\x1b[2J" }) });
    await assert.rejects(client.whoami(signal), (error) => {
      assert.ok(error instanceof LongshoreError);
      // oxlint-disable-next-line no-control-regex -- none may be left
      assert.doesNotMatch(`${error.stack} ${error.hint}`, /[\x00-\x09\x0b-\x1f\x7f-\x9f]/);
      assert.ok(error.message.length < 3000);
      return true;
    });
  });

  test("an answer without an end is not read to it", async () => {
    await using server = await serving((_, response) => {
      response.writeHead(200);
      const more = (): void => void response.write(Buffer.alloc(2 ** 20, " "), (error) => error ?? more());
      more();
    });
    const { client } = connect(server);
    await assert.rejects(client.whoami(signal), failure("ServerFailed", /longer than/));
  });

  test("what a newer server says beyond our schema is dropped, wherever it stands", async () => {
    await using api = await PlayedApi.start();
    const { client } = connect(api);
    api.put("Export", "reports", {
      spec: { ...exportSpec, colour: "red", workers: { mode: "Indexed", count: 2, nodes: 3 } },
      status: { mood: "good", files: 3 },
      metadata: { selfLink: "/x" },
    });
    const found = await client.exports.get(key, signal);
    assert.deepEqual(found.spec.workers, { mode: "Indexed", count: 2, readAs: "NonRoot" });
    assert.deepEqual(found.status, { files: 3 });
    assert.ok(!("colour" in found.spec) && !("selfLink" in found.metadata));
    assert.equal((await client.exports.list({ namespace: "default" }, signal)).items.length, 1);
  });
});

describe("address and token", () => {
  test("an address may have a path, and a slash at its end", async () => {
    await using api = await PlayedApi.start();
    for (const [suffix, prefix] of [
      ["/", ""],
      ["/longshore/", "/longshore"],
    ]) {
      const { client } = connect({ url: api.url + suffix, token: api.token });
      await client.whoami(signal).catch(() => undefined);
      assert.equal(api.asked.at(-1)?.url, `${prefix}/api/v1/whoami`);
      assert.equal(api.asked.at(-1)?.headers.authorization, `Bearer ${api.token}`);
    }
  });

  test("without a token there is no header", async () => {
    await using api = await PlayedApi.start();
    await assert.rejects(
      connect({ url: api.url }).client.whoami(signal),
      failure("Unauthenticated", /nobody/),
    );
    assert.equal(api.asked[0]?.headers.authorization, undefined);
  });

  test("what can't be used is refused at once, and no secret is repeated", () => {
    const wrong: Partial<ClientOptions>[] = [
      { server: "" },
      { server: "localhost:8080" },
      { server: "ftp://secret.example" },
      { server: "http://user:secret@host" },
      { server: "http://host/?secret" },
      { server: "http://host/#secret" },
      { token: "secret\nX: y" },
      { token: "secret secret" },
    ];
    for (const options of wrong)
      assert.throws(
        () => connect({ url: "http://host" }, options),
        (error) => failure("InvalidArgument", /^((?!secret).)*$/)(error),
        JSON.stringify(options),
      );
  });

  test("a token follows no redirect", async () => {
    await using api = await PlayedApi.start();
    await using thief = await PlayedApi.start();
    api.faults.push({ status: 307, headers: { Location: `${thief.url}/api/v1/whoami` } });
    await assert.rejects(connect(api).client.whoami(signal), failure("ServerFailed", /redirect/));
    assert.deepEqual(thief.asked, []);
  });
});

/** A server of one answer. */
async function serving(listener: RequestListener): Promise<AsyncDisposable & { readonly url: string }> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
