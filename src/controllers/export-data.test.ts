/** When there may be prepared data of an export, and what is removed of it. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { deskKey as key, exportDesk as desk, inline } from "../../test/fixtures/export-desk.ts";
import { givenExport } from "../../test/fixtures/made-up-resources.ts";
import { dataFinalizer } from "./decide-export.ts";

const { signal } = new AbortController();
const location = "/mnt/handover/default/reports";

describe("an export", () => {
  test("that is not let in leaves nothing to remove, and begins when it is", async () => {
    await using at = await desk();
    at.runner.refusal = { reason: "PodRefused", message: "exceeded quota: full" };
    await at.reconcile();
    const { metadata, status } = await at.get();
    assert.deepEqual(
      [await at.reason(), status?.location, metadata.finalizers],
      ["PodRefused", undefined, undefined],
    );
    at.runner.refusal = undefined;
    at.runner.crash();
    await at.reconcile();
    assert.deepEqual(at.runner.calls, ["start reports 0"]);
    assert.deepEqual((await at.get()).metadata.finalizers, [dataFinalizer]);
  });

  test("that is not let in goes at once when it is deleted, and nobody tries it again", async () => {
    await using at = await desk();
    at.runner.refusal = { reason: "PodRefused", message: "exceeded quota: full" };
    await at.reconcile();
    const { uid } = (await at.get()).metadata;
    await at.remove();
    assert.equal(await at.store.get("Export", key, signal), undefined);
    await at.reconcile();
    assert.deepEqual(at.runner.calls, ["stop reports", `forget ${uid}`]);
    await at.reconcile();
    assert.equal(at.runner.calls.length, 2);
  });

  test("that is not let in can be suspended and cancelled", async () => {
    await using at = await desk();
    at.runner.refusal = { reason: "PodRefused", message: "exceeded quota: full" };
    await at.reconcile();
    await at.change({ suspend: true });
    await at.reconcile();
    assert.equal(await at.reason(), "Suspended");
    await at.change({ cancel: true });
    await at.reconcile();
    assert.equal(await at.reason(), "Canceled");
    assert.ok(!at.runner.calls.some((call) => call.startsWith("remove")));
  });
});

describe("an export whose data is to be retained", () => {
  test("that another one has replaced is stopped, where it had nothing to remove", async () => {
    await using at = await desk({ ...inline, deletionPolicy: "Retain" });
    await at.reconcile();
    assert.deepEqual((await at.get()).metadata.finalizers, undefined);
    const { uid } = (await at.get()).metadata;
    await at.remove();
    await at.store.create("Export", givenExport("reports", inline), signal);
    await at.reconcile();
    assert.deepEqual(at.runner.calls, [
      "start reports 0",
      "stop reports",
      `forget ${uid}`,
      "start reports 0",
    ]);
  });

  test("loses its data where it was to be retained no longer", async () => {
    await using at = await desk({ ...inline, deletionPolicy: "Retain" });
    await at.reconcile();
    at.runner.succeed("reports");
    await at.reconcile();
    await at.change({ deletionPolicy: "Delete" });
    await at.reconcile();
    await at.remove();
    await at.reconcile();
    assert.equal(at.runner.calls.at(-1), `remove ${location}`);
    assert.equal(await at.store.get("Export", key, signal), undefined);
  });

  test("loses its data though that was to be retained", async () => {
    await using at = await desk({ ...inline, deletionPolicy: "Retain" });
    await at.reconcile();
    await at.change({ cancel: true });
    at.runner.before = async (call) => {
      if (call.startsWith("remove")) assert.deepEqual((await at.get()).metadata.finalizers, [dataFinalizer]);
    };
    await at.reconcile();
    assert.deepEqual(at.runner.calls.at(-1), `remove ${location}`);
    const { metadata, status } = await at.get();
    assert.deepEqual(
      [metadata.finalizers, status?.location, await at.reason()],
      [undefined, undefined, "Canceled"],
    );
  });

  test("keeps its data where it is to be retained", async () => {
    await using at = await desk({ ...inline, deletionPolicy: "Retain" });
    await at.reconcile();
    at.runner.succeed("reports");
    await at.reconcile();
    await at.remove();
    await at.reconcile();
    assert.ok(!at.runner.calls.some((call) => call.startsWith("remove")));
    assert.equal(await at.store.get("Export", key, signal), undefined);
  });
});
