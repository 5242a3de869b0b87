import assert from "node:assert/strict";
import { test } from "node:test";
import { Gauge, Registry } from "prom-client";
import { startOperatorServer } from "./operator-server.ts";

const listen = { host: "127.0.0.1", port: 0 };

test("the operator says whether it lives and is ready, and its measurements", async () => {
  const registry = new Registry();
  new Gauge({ name: "seven", help: "Seven.", registers: [registry] }).set(7);
  let isReady = false;
  const onError = (error: unknown): never => assert.fail(String(error));
  await using server = await startOperatorServer(listen, { registry, isReady: () => isReady, onError });
  const ask = async (path: string, method = "GET"): Promise<[number, string]> => {
    const answer = await fetch(`http://${server.address}${path}`, { method });
    return [answer.status, await answer.text()];
  };
  assert.deepEqual(await ask("/livez"), [200, "alive\n"]);
  assert.deepEqual(await ask("/readyz?verbose"), [503, "not ready\n"]);
  isReady = true;
  assert.deepEqual(await ask("/readyz"), [200, "ready\n"]);
  assert.match((await ask("/metrics"))[1], /^seven 7$/m);
  assert.equal((await ask("/"))[0], 404);
  assert.equal((await ask("/metrics", "POST"))[0], 405);
});

test("a measurement that fails is answered with 500, told, and the operator goes on", async () => {
  const registry = new Registry();
  const failure = new Error("nothing can be measured");
  const collect = (): never => {
    throw failure;
  };
  new Gauge({ name: "broken", help: "Broken.", registers: [registry], collect }).set(1);
  const told: [unknown, string][] = [];
  const onError = (error: unknown, about: string): void => void told.push([error, about]);
  await using server = await startOperatorServer(listen, { registry, isReady: () => true, onError });
  const answer = await fetch(`http://${server.address}/metrics`);
  assert.deepEqual([answer.status, await answer.text()], [500, "no answer, as the log says\n"]);
  assert.deepEqual(told, [[failure, "an answer of the operator"]]);
  assert.equal((await fetch(`http://${server.address}/livez`)).status, 200);
});
