import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { KubeEvent, KubeObject } from "../kube-api.ts";
import { watchEvents } from "./watch-events.ts";

const object = (name: string, version: number): object => ({
  metadata: { name, resourceVersion: `${version}`, managedFields: [{ manager: name }] },
});
const read = (chunks: readonly Uint8Array[]): Promise<KubeEvent<KubeObject>[]> =>
  Array.fromAsync(watchEvents<KubeObject>(streamOf(chunks), "GET /apis"));

async function* streamOf(chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* chunks;
}

test("events are the same however their bytes are cut", async () => {
  const types = fc.constantFrom("ADDED", "MODIFIED", "DELETED", "BOOKMARK");
  const events = fc.array(fc.record({ type: types, name: fc.string({ unit: "binary" }), version: fc.nat() }));
  await fc.assert(
    fc.asyncProperty(events, fc.array(fc.nat()), async (given, cuts) => {
      const lines = given.map(({ type, name, version }) =>
        JSON.stringify({ type, object: object(name, version) }),
      );
      const bytes = Buffer.from(lines.map((line) => `${line}\n`).join(""));
      const places = [
        0,
        ...cuts.map((cut) => cut % (bytes.length + 1)).toSorted((a, b) => a - b),
        bytes.length,
      ];
      const chunks = places.slice(1).map((end, i) => bytes.subarray(places[i], end));
      const expected = given.map(({ type, name, version }) =>
        type === "BOOKMARK"
          ? { type, resourceVersion: `${version}` }
          : { type, object: { metadata: { name, resourceVersion: `${version}` } } },
      );
      assert.deepEqual(await read(chunks), expected);
    }),
  );
});

test("empty lines are nothing, and a last line without its end is half an event", async () => {
  const line = JSON.stringify({ type: "BOOKMARK", object: object("a", 1) });
  assert.equal((await read([Buffer.from(`\n\n${line}\n\n`)])).length, 1);
  await assert.rejects(read([Buffer.from(line)]), { code: "ServerFailed", message: /half an event/ });
});

test("a line that is too long is given up while it comes", async () => {
  const chunk = Buffer.alloc(2 ** 20, "x");
  let given = 0;
  async function* endless(): AsyncGenerator<Uint8Array> {
    for (;;) {
      given += chunk.length;
      yield chunk;
    }
  }
  await assert.rejects(Array.fromAsync(watchEvents(endless(), "GET /apis")), { code: "ServerFailed" });
  assert.ok(given <= 2 ** 24 + chunk.length);
});
