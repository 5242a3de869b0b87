/** Events as people see them in a real cluster, and how few of them are written. */
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { describe, test } from "node:test";
import { eventRecorder } from "../../src/cluster/client/event-recorder.ts";
import { namespaces } from "../../src/cluster/jobs/objects.ts";
import type { KubeApi, KubeObject } from "../../src/cluster/kube-api.ts";
import type { EventToRecord, RecordEvent } from "../../src/domain/ports/event-recorder.ts";
import { ManualClock } from "../fixtures/manual-clock.ts";
import { noCluster, openTestCluster } from "./cluster.ts";

const { signal } = new AbortController();
const minute = 60_000;

interface Written extends KubeObject {
  readonly note: string;
  readonly reason: string;
  readonly series?: { readonly count: number };
  readonly regarding: { readonly name: string };
}

interface Place extends AsyncDisposable {
  readonly record: RecordEvent;
  readonly clock: ManualClock;
  readonly errors: unknown[];
  readonly about: EventToRecord["about"] & { readonly namespace: string };
  readonly api: KubeApi;
  /** Requests that wrote something. */
  readonly writes: () => number;
  written(): Promise<readonly Written[]>;
}

describe("an event recorder", { skip: noCluster }, () => {
  const event = (place: Place, given: Partial<EventToRecord> = {}): EventToRecord => ({
    about: place.about,
    type: "Warning",
    reason: "DataLeftBehind",
    action: "Cleanup",
    note: "the data is left behind",
    ...given,
  });

  test("writes what people then see at the object", async () => {
    await using place = await open();
    await place.record(event(place), signal);
    await place.record(event(place, { type: "Normal", reason: "Begun", action: "Start" }), signal);
    const written = await place.written();
    assert.deepEqual(written.map(({ reason }) => reason).toSorted(), ["Begun", "DataLeftBehind"]);
    assert.equal(written[0]?.regarding.name, place.about.name);
    const { apiVersion, kind, name, uid } = place.about;
    await place.record(event(place, { about: { apiVersion, kind, name, uid } }), signal);
    assert.deepEqual(place.errors, []);
  });

  test("counts what is the same, and tells it at most once a minute", async () => {
    await using place = await open();
    for (let i = 0; i < 100; i++) await place.record(event(place), signal);
    assert.equal(place.writes(), 1);
    place.clock.advance(minute);
    await place.record(event(place), signal);
    const [only, ...more] = await place.written();
    assert.deepEqual([only?.series?.count, more.length, place.writes()], [101, 0, 2]);
    place.clock.advance(11 * minute);
    await place.record(event(place), signal);
    assert.equal((await place.written()).length, 2);
    assert.deepEqual(place.errors, []);
  });

  test("writes one anew that the cluster has forgotten", async () => {
    await using place = await open();
    await place.record(event(place), signal);
    for (const { metadata } of await place.written()) await place.api.delete(eventsOf, metadata, {}, signal);
    place.clock.advance(minute);
    await place.record(event(place), signal);
    assert.equal((await place.written()).length, 1);
    assert.deepEqual(place.errors, []);
  });

  test("writes few about one object, however much happens to it, and as many again later", async () => {
    await using place = await open();
    for (let i = 0; i < 60; i++) await place.record(event(place, { note: `the ${i}th` }), signal);
    assert.equal((await place.written()).length, 25);
    const other = { ...place.about, name: "other", uid: randomUUID() };
    await place.record(event(place, { about: other }), signal);
    assert.equal((await place.written()).length, 26);
    place.clock.advance(11 * minute);
    await place.record(event(place, { note: "later" }), signal);
    assert.equal((await place.written()).length, 27);
  });

  test("cuts a note between characters to what the API server takes", async () => {
    await using place = await open();
    for (const note of ["x".repeat(5000), "ü".repeat(1000), "🚢".repeat(400), "y".repeat(1024)])
      await place.record(event(place, { note }), signal);
    assert.deepEqual(place.errors, []);
    for (const { note } of await place.written()) {
      assert.ok(Buffer.byteLength(note) <= 1024 && Buffer.byteLength(note) > 1015);
      assert.match(note, /^(x+|ü+|🚢+|y+)…?$/u);
    }
  });

  test("goes on where it can't be written, and says so with the note", async () => {
    await using place = await open();
    const about = { ...place.about, namespace: "a-nowhere" };
    await place.record(event(place, { about }), signal);
    await place.record(event(place, { about }), signal);
    assert.equal(place.errors.length, 2);
    assert.match(`${String(place.errors[0])}`, /the data is left behind/);
    const aborted = AbortSignal.abort(new Error("enough"));
    await assert.rejects(place.record(event(place), aborted), { message: "enough" });
  });
});

const eventsOf = { group: "events.k8s.io", version: "v1", plural: "events", kind: "Event", namespaced: true };

async function open(): Promise<Place> {
  const cluster = await openTestCluster();
  const namespace = await cluster.namespace("a-events");
  const clock = new ManualClock();
  const errors: unknown[] = [];
  let writes = 0;
  const api: KubeApi = {
    ...cluster.api,
    create: (...given) => {
      writes++;
      return cluster.api.create(...given);
    },
    patch: (...given) => {
      writes++;
      return cluster.api.patch(...given);
    },
  };
  const uid = (await api.get(namespaces, { name: namespace.name }, signal))?.metadata.uid ?? "";
  return {
    record: eventRecorder({
      api,
      clock,
      newId: () => randomUUID().slice(0, 8),
      controller: "longshore.dev/operator",
      instance: "test",
      onError: (_, about) => errors.push(about),
    }),
    clock,
    errors,
    about: {
      apiVersion: "longshore.dev/v1alpha1",
      kind: "Export",
      namespace: namespace.name,
      name: "reports",
      uid,
    },
    api,
    writes: () => writes,
    written: async () => (await api.list<Written>(eventsOf, { namespace: namespace.name }, signal)).items,
    [Symbol.asyncDispose]: async () => {
      await namespace[Symbol.asyncDispose]();
      await cluster[Symbol.asyncDispose]();
    },
  };
}
