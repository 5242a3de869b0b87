import assert from "node:assert/strict";
import { test } from "node:test";
import { controllerPlace } from "../../test/fixtures/controller-place.ts";
import { givenDestination } from "../../test/fixtures/made-up-resources.ts";
import { LongshoreError } from "../domain/errors.ts";
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
    await place.store.create("ExportDestination", givenDestination("handover", path), signal);
    assert.equal(await controller.reconcile(key, signal), undefined);
    const first = await place.store.get("ExportDestination", key, signal);
    const { status, reason } = conditionOf(first?.status?.conditions, "Ready") ?? assert.fail();
    assert.equal(`${status} ${reason}`, expected);
    place.clock.advance(60_000);
    await controller.reconcile(key, signal);
    assert.deepEqual(await place.store.get("ExportDestination", key, signal), first);
  });

test("a destination that breaks a rule which its API server does not know says which", async () => {
  await using place = controllerPlace();
  const controller = createDestinationController(place);
  const url = "s3://handover?region=eu%20west";
  await place.store.create("ExportDestination", { ...bucket, spec: { bucket: { url } } }, signal);
  await controller.reconcile(key, signal);
  const written = await place.store.get("ExportDestination", key, signal);
  const { status, reason, message } = conditionOf(written?.status?.conditions, "Ready") ?? assert.fail();
  assert.equal(`${status} ${reason}`, "False InvalidDocument");
  assert.match(message, /spec\.bucket\.url: region of the s3:\/\/ location is no plain word/);
});

test("a destination that is gone needs nothing, and what nobody expected is thrown", async () => {
  await using place = controllerPlace();
  const controller = createDestinationController(place);
  assert.equal(await controller.reconcile(key, signal), undefined);
  await place.store.create("ExportDestination", givenDestination("handover", "/flawed"), signal);
  await assert.rejects(controller.reconcile(key, signal), TypeError);
});

const bucket = { ...givenDestination("handover", ""), spec: { bucket: { url: "s3://handover/2026" } } };

/** A destination in a bucket, its controller, and how often the bucket was asked. */
async function bucketDesk() {
  const place = controllerPlace();
  const controller = createDestinationController(place);
  const asked: string[] = [];
  let failure: LongshoreError | undefined;
  place.check = async (reached) => {
    asked.push(reached);
    if (failure !== undefined) throw failure;
  };
  await place.store.create("ExportDestination", bucket, signal);
  return {
    place,
    asked,
    fail: (error: LongshoreError | undefined) => {
      failure = error;
    },
    reconcile: async () => {
      const time = await controller.reconcile(key, signal);
      return time === undefined ? undefined : (time - place.clock.now()) / 1000;
    },
    ready: async () => {
      const resource = await place.store.get("ExportDestination", key, signal);
      const { status, reason, message } = conditionOf(resource?.status?.conditions, "Ready") ?? assert.fail();
      return { short: `${status} ${reason}`, message };
    },
    [Symbol.asyncDispose]: () => place[Symbol.asyncDispose](),
  };
}

test("a bucket is asked as the operator says, and once where it is ready", async () => {
  await using desk = await bucketDesk();
  assert.equal(await desk.reconcile(), undefined);
  assert.deepEqual(await desk.ready(), {
    short: "True Reachable",
    message: "exports can be put there and fetched",
  });
  desk.place.clock.advance(3_600_000);
  assert.equal(await desk.reconcile(), undefined);
  assert.deepEqual(desk.asked, ["s3://handover/2026?endpoint=https://inside.example"]);
});

test("a bucket that is not ready says why, and is asked again later and later until it is", async () => {
  await using desk = await bucketDesk();
  desk.fail(new LongshoreError("CredentialsInvalid", "s3://handover does not know the access key"));
  for (const seconds of [1, 2, 4, 8]) {
    assert.equal(await desk.reconcile(), seconds);
    assert.equal((await desk.ready()).short, "False CredentialsInvalid");
    assert.equal(await desk.reconcile(), seconds, "its own status is no reason to ask again");
    desk.place.clock.advance(seconds * 1000);
  }
  assert.equal(desk.asked.length, 4);
  assert.match((await desk.ready()).message, /^s3:\/\/handover does not know the access key: give valid/);
  desk.fail(undefined);
  assert.equal(await desk.reconcile(), undefined);
  assert.equal((await desk.ready()).short, "True Reachable");
});

test("a bucket that was asked when the server ends is written nowhere", async () => {
  await using place = controllerPlace();
  const controller = createDestinationController(place);
  const stopped = new AbortController();
  place.check = async () => {
    stopped.abort(new Error("enough"));
    throw new LongshoreError("StoreUnreachable", "s3://handover does not answer");
  };
  await place.store.create("ExportDestination", bucket, signal);
  await assert.rejects(controller.reconcile(key, stopped.signal), { message: "enough" });
  assert.equal((await place.store.get("ExportDestination", key, signal))?.status, undefined);
});
