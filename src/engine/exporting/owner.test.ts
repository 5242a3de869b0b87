import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { describe, test } from "node:test";
import { exportInMemory } from "../../../test/fixtures/export-in-memory.ts";
import { madeUpSource } from "../../../test/fixtures/made-up-source.ts";
import { MemoryDestination } from "../../../test/fixtures/memory-destination.ts";
import type { ExportCall } from "./export-call.ts";
import { requestName } from "../../domain/record-names.ts";
import { runExport } from "./run-export.ts";
import { readSigner } from "./statement.ts";

const { signal } = new AbortController();
const source = madeUpSource([{ path: "a", content: Buffer.from("1") }]);

/** Exports in memory; `fails` is thrown in place of packing. */
async function run(destination: MemoryDestination, given: Partial<ExportCall> = {}, fails?: Error) {
  const { call, home } = exportInMemory(source, destination, given, () => {
    if (fails !== undefined) throw fails;
  });
  return runExport(call, home, signal);
}

describe("the owner of an export", () => {
  test("is who is said, or else drawn at random", async () => {
    const said = await run(new MemoryDestination(), { owner: "uid-1" });
    assert.equal(said.manifest.run.owner, "uid-1");
    const drawn = await run(new MemoryDestination());
    assert.equal(drawn.manifest.run.owner, "drawn at random");
  });

  const states: Record<string, (destination: MemoryDestination) => Promise<unknown>> = {
    finished: (destination) => run(destination, { owner: "uid-1" }),
    planned: (destination) =>
      assert.rejects(run(destination, { owner: "uid-1" }, new Error("enough")), { message: "enough" }),
    begun: async (destination) => {
      await run(destination, { owner: "uid-1" });
      const { request } = JSON.parse(
        Buffer.from(destination.objects.get("plan.json") ?? assert.fail()).toString(),
      ) as {
        request: unknown;
      };
      destination.objects.clear();
      destination.objects.set(requestName, Buffer.from(JSON.stringify(request)));
    },
  };
  for (const [state, prepare] of Object.entries(states)) {
    test(`alone may go on with one that is ${state}, and nothing of it is touched for others`, async () => {
      const destination = new MemoryDestination();
      await prepare(destination);
      const before = new Map(destination.objects);
      await assert.rejects(run(destination, { owner: "uid-2" }), { code: "LocationOccupied" });
      assert.deepEqual(destination.objects, before);
      assert.equal((await run(destination, { owner: "uid-1" })).manifest.run.owner, "uid-1");
    });

    test(`need not be said to go on with one that is ${state}`, async () => {
      const destination = new MemoryDestination();
      await prepare(destination);
      assert.equal((await run(destination)).manifest.run.owner, "uid-1");
    });
  }
});

test("a statement says whose export it is, and in which namespace", async () => {
  const { privateKey } = generateKeyPairSync("ed25519");
  const signer = readSigner(privateKey.export({ type: "pkcs8", format: "pem" }).toString(), "a key");
  const destination = new MemoryDestination();
  await run(destination, { owner: "uid-1", namespace: "billing", signer });
  const bytes = destination.objects.get("statement.json") ?? assert.fail("there is no statement");
  const { namespace, name, uid } = JSON.parse(Buffer.from(bytes).toString()) as Record<string, string>;
  assert.deepEqual([namespace, name, uid], ["billing", "reports", "uid-1"]);
});
