import assert from "node:assert/strict";
import { test } from "node:test";
import { exportRequest, testGateway } from "../../../test/fixtures/gateway.ts";

const exports = "/api/v1/namespaces/default/exports";
const keyed = (key: string): Record<string, string> => ({ "idempotency-key": key });

test("the same request with the same key has one effect and one answer, also after a restart", async () => {
  await using gateway = await testGateway();
  const body = exportRequest(gateway, "reports");
  const first = await gateway.call("POST", exports, body, keyed("order 4711"));
  assert.equal(first.status, 202);
  assert.equal(first.headers["idempotency-replayed"], undefined);
  for (const restart of [false, true]) {
    if (restart) await gateway.restart();
    const again = await gateway.call("POST", exports, body, keyed("order 4711"));
    assert.deepEqual([again.status, again.body], [202, first.body]);
    assert.equal(again.headers["location"], first.headers["location"]);
    assert.equal(again.headers["idempotency-replayed"], "true");
  }
  const actions = (await gateway.call("GET", "/api/v1/audit")).body.items;
  assert.deepEqual(
    actions.map(({ action }: { action: string }) => action),
    ["create"],
  );
  gateway.clock.time += 25 * 3_600_000;
  assert.equal(
    (await gateway.call("POST", exports, body, keyed("order 4711"))).status,
    409,
    "a day later it is another",
  );
});

test("a key belongs to its caller, its address and its body", async () => {
  await using gateway = await testGateway();
  const key = keyed("k");
  assert.equal((await gateway.call("POST", exports, exportRequest(gateway, "a"), key)).status, 202);
  const other = await gateway.call("POST", exports, exportRequest(gateway, "b"), key);
  assert.deepEqual([other.status, other.body.code], [422, "IdempotencyMismatch"]);
  const elsewhere = await gateway.call(
    "POST",
    "/api/v1/namespaces/x/exports",
    exportRequest(gateway, "a"),
    key,
  );
  assert.equal(elsewhere.body.code, "IdempotencyMismatch");
  const somebody = { ...key, authorization: `Bearer ${gateway.tokens.exporter}` };
  assert.equal((await gateway.call("POST", exports, exportRequest(gateway, "b"), somebody)).status, 202);
});

test("a refused request gives its key back", async () => {
  await using gateway = await testGateway();
  await gateway.call("POST", exports, exportRequest(gateway, "a"));
  assert.equal((await gateway.call("POST", exports, exportRequest(gateway, "a"), keyed("k"))).status, 409);
  assert.equal((await gateway.call("POST", exports, exportRequest(gateway, "b"), keyed("k"))).status, 202);
});

test("a key is printable ASCII of at most 255 characters", async () => {
  await using gateway = await testGateway();
  const post = (key: string) => gateway.call("POST", exports, exportRequest(gateway, "a"), keyed(key));
  for (const key of ["", "x".repeat(256), "\u00e4"])
    assert.equal((await post(key)).body.code, "InvalidRequest", key);
  assert.equal((await post("x".repeat(255))).status, 202);
});

test("one key at a time: the second is told to wait", async () => {
  const held = Promise.withResolvers<void>();
  const entered = Promise.withResolvers<void>();
  await using gateway = await testGateway({}, ({ places }) => ({
    places: {
      ...places,
      source: async (path) => {
        entered.resolve();
        await held.promise;
        return { location: path, reached: path };
      },
    },
  }));
  const body = exportRequest(gateway, "a");
  const first = gateway.call("POST", exports, body, keyed("k"));
  await entered.promise;
  const second = await gateway.call("POST", exports, body, keyed("k"));
  assert.deepEqual([second.status, second.body.code], [409, "Conflict"]);
  held.resolve();
  assert.equal((await first).status, 202);
});

test("a server that dies between the work and the answer finds its work again", async () => {
  let isDying = true;
  const die = (): void => {
    if (isDying) throw new Error("the process is gone");
  };
  await using gateway = await testGateway({}, ({ idempotency }) => ({
    idempotency: {
      ...idempotency,
      finish: (...given) => {
        die();
        idempotency.finish(...given);
      },
      abandon: (...given) => {
        die();
        idempotency.abandon(...given);
      },
    },
  }));
  const post = (key: string) => gateway.call("POST", exports, exportRequest(gateway, "reports"), keyed(key));
  assert.equal((await post("k")).status, 500);
  const made = (await gateway.call("GET", `${exports}/reports`)).body;
  isDying = false;
  await gateway.restart();
  const again = await post("k");
  assert.deepEqual([again.status, again.body], [202, made]);
  assert.equal((await post("another")).status, 409);
  assert.equal((await gateway.call("GET", exports)).body.items.length, 1);
});

test("an answer that can't be kept gives the key back", async () => {
  let failures = 1;
  await using gateway = await testGateway({}, ({ idempotency }) => ({
    idempotency: {
      ...idempotency,
      finish: (...given) => {
        if (failures-- > 0) throw new Error("the disk is full");
        idempotency.finish(...given);
      },
    },
  }));
  const post = () => gateway.call("POST", exports, exportRequest(gateway, "reports"), keyed("k"));
  assert.equal((await post()).status, 500);
  assert.equal((await post()).status, 202);
});
