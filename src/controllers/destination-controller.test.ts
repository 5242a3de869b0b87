import assert from "node:assert/strict";
import { test } from "node:test";
import { controllerPlace } from "../../test/fixtures/controller-place.ts";
import { newDestination } from "../../test/fixtures/made-up-resources.ts";
import { conditionOf } from "../domain/resources/condition.ts";
import { createDestinationController } from "./destination-controller.ts";

const { signal } = new AbortController();
const key = { namespace: "default", name: "handover" };

for (const [path, expected] of [
  ["/mnt/handover", "True Allowed"],
  ["/forbidden", "False PlaceNotAllowed"],
] as const)
  test(`a destination at ${path} is ${expected}, and is written once`, async () => {
    await using place = controllerPlace();
    const controller = createDestinationController(place);
    await place.store.create("ExportDestination", newDestination("handover", path), signal);
    assert.equal(await controller.reconcile(key, signal), undefined);
    const first = await place.store.get("ExportDestination", key, signal);
    const { status, reason } = conditionOf(first?.status?.conditions, "Ready") ?? assert.fail();
    assert.equal(`${status} ${reason}`, expected);
    place.clock.advance(60_000);
    await controller.reconcile(key, signal);
    assert.deepEqual(await place.store.get("ExportDestination", key, signal), first);
  });

test("a destination that is gone needs nothing, and what nobody expected is thrown", async () => {
  await using place = controllerPlace();
  const controller = createDestinationController(place);
  assert.equal(await controller.reconcile(key, signal), undefined);
  await place.store.create("ExportDestination", newDestination("handover", "/flawed"), signal);
  await assert.rejects(controller.reconcile(key, signal), TypeError);
});
