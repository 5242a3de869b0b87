import assert from "node:assert/strict";
import { test } from "node:test";
import { exportRequest, type TestGateway, testGateway } from "../../../test/fixtures/gateway.ts";
import { requestAnnotation } from "../../domain/ports/idempotency.ts";
import { Export } from "../../domain/resources/resource.ts";

const exports = "/api/v1/namespaces/default/exports";
const one = `${exports}/reports`;
const { signal } = new AbortController();

const create = (gateway: TestGateway, name = "reports", more: object = {}) =>
  gateway.call("POST", exports, { ...exportRequest(gateway, name, { suspend: true }), ...more });

test("an export is made, read, listed, changed, cancelled and deleted, and each change is recorded", async () => {
  await using gateway = await testGateway();
  const made = await create(gateway);
  assert.equal(made.status, 202, made.text);
  assert.equal(made.headers["location"], one);
  assert.equal(made.headers["etag"], `"${made.body.metadata.resourceVersion}"`);
  assert.deepEqual(Export.parse(made.body), made.body);
  assert.equal(made.body.spec.format, "TarZstd");

  const read = await gateway.call("GET", one);
  assert.deepEqual([read.status, read.body, read.headers["etag"]], [200, made.body, made.headers["etag"]]);
  const known = await gateway.call("GET", one, undefined, { "if-none-match": String(read.headers["etag"]) });
  assert.deepEqual([known.status, known.text], [304, ""]);
  const list = await gateway.call("GET", exports);
  assert.deepEqual(list.body, {
    apiVersion: "longshore.dev/v1alpha1",
    kind: "ExportList",
    metadata: { resourceVersion: made.body.metadata.resourceVersion },
    items: [made.body],
  });

  const changed = await gateway.call("PATCH", one, {
    metadata: { labels: { team: "a" } },
    spec: { ttlSecondsAfterFinished: 60, workers: { count: 3 } },
  });
  assert.equal(changed.status, 200, changed.text);
  assert.deepEqual(changed.body.metadata.labels, { team: "a" });
  assert.deepEqual(changed.body.spec.workers, { mode: "Sequential", count: 3, readAs: "NonRoot" });
  assert.equal(changed.body.spec.suspend, true);
  assert.equal(changed.body.metadata.generation, 2);

  const cancelled = await gateway.call("POST", `${one}/cancel`);
  assert.deepEqual([cancelled.status, cancelled.body.spec.cancel], [202, true]);
  const deleted = await gateway.call("DELETE", `${one}?deletionPolicy=Retain`);
  assert.deepEqual([deleted.status, deleted.body.spec.deletionPolicy], [202, "Retain"]);
  assert.equal((await gateway.call("GET", one)).status, 404);

  const audit = (await gateway.call("GET", "/api/v1/audit")).body.items;
  const { uid } = made.body.metadata;
  assert.deepEqual(
    audit.map(({ id: _id, time: _time, ...record }: { id: number; time: string }) => record),
    [
      ["delete", 202],
      ["cancel", 202],
      ["update", 200],
      ["create", 202],
    ].map(([action, status]) => ({
      actor: "token:admin",
      action,
      kind: "Export",
      namespace: "default",
      name: "reports",
      uid,
      status,
      address: "127.0.0.1",
    })),
  );
});

test("what does not fit is refused with a pointer to it", async () => {
  await using gateway = await testGateway();
  const request = exportRequest(gateway, "x") as { metadata: object; spec: { source: object } };
  const table: [string, unknown, string[]][] = [
    ["an unknown member", { ...request, colour: 1 }, ["/colour"]],
    ["an unknown member of the spec", { ...request, spec: { ...request.spec, colour: 1 } }, ["/spec/colour"]],
    [
      "a wrong quantity",
      { ...request, spec: { ...request.spec, partSize: "12 apples" } },
      ["/spec", "/spec/partSize"],
    ],
    [
      "two wrong",
      { ...request, spec: { ...request.spec, format: "Rar", suspend: 1 } },
      ["/spec/format", "/spec/suspend"],
    ],
    ["no source", { ...request, spec: { ...request.spec, source: {} } }, ["/spec/source"]],
    ["no spec", { metadata: request.metadata }, ["/spec"]],
    ["no name", { ...request, metadata: {} }, ["/metadata/name"]],
    ["a name that leads out", { ...request, metadata: { name: "../x" } }, ["/metadata/name"]],
    ["a name with a line end", { ...request, metadata: { name: "x\r\nSet-Cookie: a" } }, ["/metadata/name"]],
    ["another kind", { ...request, kind: "Secret" }, ["/kind"]],
    ["another version", { ...request, apiVersion: "v2" }, ["/apiVersion"]],
    [
      "another namespace",
      { ...request, metadata: { name: "x", namespace: "other" } },
      ["/metadata/namespace"],
    ],
    [
      "a slash in a label",
      { ...request, metadata: { name: "x", labels: { "a/b": 1 } } },
      ["/metadata/labels/a~1b"],
    ],
    ["a list", [], [""]],
    ["a text", '"x"', [""]],
    ["null", "null", [""]],
  ];
  for (const [what, body, pointers] of table) {
    const answer = await gateway.call("POST", exports, body);
    assert.equal(answer.status, 422, `${what}: ${answer.text}`);
    assert.match(String(answer.headers["content-type"]), /^application\/problem\+json/);
    const { type, title, status, code, hint, errors } = answer.body;
    assert.equal(type, "urn:longshore:error:InvalidDocument", what);
    assert.deepEqual([title, status, code], ["Invalid document", 422, "InvalidDocument"]);
    assert.ok(hint.length > 0);
    assert.deepEqual(
      errors.map(({ pointer }: { pointer: string }) => pointer).toSorted(),
      pointers.toSorted(),
      what,
    );
  }
  assert.deepEqual((await gateway.call("GET", exports)).body.items, []);
});

test("a thousand mistakes are not repeated a thousand times", async () => {
  await using gateway = await testGateway();
  const many = Object.fromEntries(Array.from({ length: 10_000 }, (_, i) => [`x${i}`, 1]));
  const answer = await gateway.call("POST", exports, many);
  assert.equal(answer.status, 422);
  assert.ok(answer.body.errors.length <= 20 && answer.text.length < 10_000);
});

test("places outside of what is allowed are refused when they are named", async () => {
  await using gateway = await testGateway();
  for (const member of ["source", "destination"]) {
    const spec = { [member]: { directory: { path: "/etc" } } };
    const answer = await gateway.call("POST", exports, exportRequest(gateway, "x", spec));
    assert.deepEqual([answer.status, answer.body.code], [422, "PlaceNotAllowed"], member);
  }
  assert.deepEqual((await gateway.call("GET", exports)).body.items, []);
});

test("only what may change changes, and what can't be undone is not", async () => {
  await using gateway = await testGateway();
  await create(gateway);
  const patch = (body: object, headers: Record<string, string> = {}) =>
    gateway.call("PATCH", one, body, headers);
  for (const [body, pointer] of [
    [{ spec: { format: "Zip" } }, "/spec/format"],
    [{ spec: { source: null } }, "/spec/source"],
    [{ metadata: { name: "other" } }, "/metadata/name"],
    [{ metadata: { finalizers: [] } }, "/metadata/finalizers"],
    [{ status: {} }, "/status"],
    [{ spec: { workers: { count: 0 } } }, "/spec/workers/count"],
  ] as const) {
    const answer = await patch(body);
    assert.deepEqual([answer.status, answer.body.errors?.[0].pointer], [422, pointer], answer.text);
  }
  assert.equal((await patch({ spec: { cancel: true } })).status, 200);
  for (const body of [{ spec: { cancel: false } }, { spec: { cancel: null } }]) {
    const answer = await patch(body);
    assert.equal(answer.status, 422);
    assert.match(answer.body.detail, /can't be undone/);
  }
  assert.equal((await patch({ spec: { suspend: null } })).body.spec.suspend, false, "null is the default");
  assert.equal((await patch({ metadata: { labels: { a: "1", b: "2" } } })).status, 200);
  assert.deepEqual((await patch({ metadata: { labels: { a: null } } })).body.metadata.labels, { b: "2" });
  assert.equal((await patch({ metadata: { labels: null } })).body.metadata.labels, undefined);
});

test("If-Match lets only one of two through; without it, both", async () => {
  await using gateway = await testGateway();
  const { headers } = await create(gateway);
  const etag = String(headers["etag"]);
  const patch = (team: string, more: Record<string, string>) =>
    gateway.call("PATCH", one, { metadata: { labels: { team } } }, more);
  assert.equal((await patch("a", { "if-match": etag })).status, 200);
  const late = await patch("b", { "if-match": etag });
  assert.deepEqual([late.status, late.body.code], [412, "PreconditionFailed"]);
  const both = await Promise.all([patch("c", {}), patch("d", {})]);
  assert.deepEqual(
    both.map(({ status }) => status),
    [200, 200],
  );
});

test("a change waits its turn while a controller writes the status", async () => {
  const conflicts = { left: 3 };
  await using gateway = await testGateway({}, ({ store }) => ({
    store: {
      ...store,
      update: async (kind, resource, until) => {
        if (conflicts.left-- > 0) {
          const now = await store.get("Export", resource.metadata, until);
          assert.ok(now);
          const status = { failures: conflicts.left };
          await store.updateStatus("Export", { ...now, status }, until);
        }
        return store.update(kind, resource, until);
      },
    },
  }));
  await create(gateway);
  const answer = await gateway.call("PATCH", one, { metadata: { labels: { a: "b" } } });
  assert.equal(answer.status, 200, answer.text);
  assert.equal(conflicts.left, -1);
  assert.deepEqual(answer.body.status, { failures: 0 });
});

test("lists go page by page, over all namespaces too", async () => {
  await using gateway = await testGateway();
  for (const name of ["a", "b", "c", "d", "e"]) await create(gateway, name);
  await gateway.call("POST", "/api/v1/namespaces/other/exports", exportRequest(gateway, "z"));
  const walk = async (path: string): Promise<string[]> => {
    const names: string[] = [];
    for (let next: string | undefined = ""; next !== undefined;) {
      const query: string = next === "" ? "" : `&continue=${encodeURIComponent(next)}`;
      const { status, body } = await gateway.call("GET", `${path}?limit=2${query}`);
      assert.equal(status, 200);
      assert.ok(body.items.length <= 2);
      names.push(...body.items.map((item: Export) => item.metadata.name));
      next = body.metadata.continue;
    }
    return names;
  };
  assert.deepEqual(await walk(exports), ["a", "b", "c", "d", "e"]);
  assert.deepEqual(await walk("/api/v1/exports"), ["a", "b", "c", "d", "e", "z"]);
  assert.deepEqual(await walk("/api/v1/namespaces/empty/exports"), []);
  for (const query of [
    "limit=0",
    "limit=1001",
    "limit=x",
    "limit=1&limit=2",
    "colour=red",
    "continue=x",
    "limit=1e3",
  ]) {
    const { status, body } = await gateway.call("GET", `${exports}?${query}`);
    assert.ok(status === 422 || status === 400, `${query}: ${status}`);
    assert.ok(["InvalidDocument", "InvalidArgument"].includes(body.code), query);
  }
});

test("one that has ended is not cancelled, and one that waits for deletion is deleted once", async () => {
  await using gateway = await testGateway();
  const { store } = gateway.dependencies;
  const { body } = await create(gateway);
  const conditions = [
    {
      type: "Succeeded",
      status: "True",
      reason: "Completed",
      message: "",
      lastTransitionTime: "2026-03-01T00:00:00Z",
    } as const,
  ];
  const withStatus = await store.updateStatus("Export", { ...body, status: { conditions } }, signal);
  const metadata = { ...withStatus.metadata, finalizers: ["longshore.dev/data"] };
  await store.update("Export", { ...withStatus, metadata }, signal);
  const cancelled = await gateway.call("POST", `${one}/cancel`);
  assert.deepEqual([cancelled.status, cancelled.body.code], [409, "AlreadyEnded"]);
  assert.match(cancelled.body.detail, /has succeeded and can't be cancelled/);
  assert.equal((await gateway.call("GET", one)).body.spec.cancel, false);
  for (const policy of ["Delete", "Retain", "Retain"]) {
    const answer = await gateway.call("DELETE", `${one}?deletionPolicy=${policy}`);
    assert.equal(answer.status, 202);
    assert.equal(answer.body.spec.deletionPolicy, policy);
    assert.ok(answer.body.metadata.deletionTimestamp);
  }
  assert.equal((await gateway.call("DELETE", `${one}?deletionPolicy=Shred`)).status, 422);
});

test("clients can't say what only the server may", async () => {
  await using gateway = await testGateway();
  const request = exportRequest(gateway, "reports") as { spec: object };
  const metadata = {
    name: "reports",
    uid: "mine",
    resourceVersion: "7",
    generation: 9,
    creationTimestamp: "2001-01-01T00:00:00Z",
    deletionTimestamp: "2001-01-01T00:00:00Z",
    finalizers: ["mine"],
    annotations: { [requestAnnotation]: "mine", note: "kept" },
  };
  const made = await gateway.call("POST", exports, { ...request, metadata, status: { location: "/etc" } });
  assert.equal(made.status, 202, made.text);
  const kept = made.body.metadata;
  assert.deepEqual(kept.annotations, { note: "kept" });
  assert.deepEqual(
    [kept.finalizers, kept.deletionTimestamp, made.body.status],
    [undefined, undefined, undefined],
  );
  assert.notEqual(kept.uid, "mine");
  assert.notEqual(kept.creationTimestamp, metadata.creationTimestamp);
  const patched = await gateway.call("PATCH", one, {
    metadata: { annotations: { [requestAnnotation]: "mine" } },
  });
  assert.deepEqual(patched.body.metadata.annotations, { note: "kept" });
});
