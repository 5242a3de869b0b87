import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { setImmediate } from "node:timers/promises";
import {
  awaited,
  awaitedResource,
  type ControllerPlace,
  controllerPlace,
} from "../../test/fixtures/controller-place.ts";
import { givenDestination, givenExport, givenGrant } from "../../test/fixtures/made-up-resources.ts";
import { LongshoreError } from "../domain/errors.ts";
import type { ExportStore } from "../domain/ports/export-store.ts";
import { type Condition, conditionOf } from "../domain/resources/condition.ts";
import { type ControllersOptions, runControllers } from "./run-controllers.ts";

const { signal } = new AbortController();
const inline = { destination: { directory: { path: "/mnt/handover" } } };

interface Running extends ControllerPlace {
  readonly gone: string[];
  /** Ends the controllers, and resolves when they have ended. */
  end(): Promise<void>;
}

/** The controllers at work. `wrap` may put itself between them and the store. */
function running(
  wrap: (store: ExportStore) => ExportStore = (store) => store,
  options: Pick<ControllersOptions, "limits"> = {},
): Running {
  const place = controllerPlace();
  const controller = new AbortController();
  const gone: string[] = [];
  const ended = runControllers(
    {
      ...place,
      store: wrap(place.store),
      parallel: 3,
      random: () => 1,
      schedule: place.clock.schedule,
      onGrantGone: (uid) => gone.push(uid),
      ...options,
    },
    controller.signal,
  );
  const end = async (): Promise<void> => {
    controller.abort(new Error("enough"));
    await ended;
  };
  return {
    ...place,
    gone,
    end,
    [Symbol.asyncDispose]: async () => {
      await end();
      await place[Symbol.asyncDispose]();
    },
  };
}

type Conditioned = {
  readonly status?: { readonly conditions?: readonly Condition[] | undefined } | undefined;
};

const says =
  (type: string, reason: string) =>
  ({ status }: Conditioned): boolean =>
    conditionOf(status?.conditions, type)?.reason === reason;
const isQueued = says("Succeeded", "Queued");

/** Waits until the runner was asked for this. */
async function asked({ runner }: ControllerPlace, call: string): Promise<void> {
  while (!runner.calls.includes(call)) await setImmediate();
}

/** As somebody does whose change may be outrun by that of a status. */
async function suspend({ store }: ControllerPlace, name: string): Promise<void> {
  for (;;) {
    const seen = await awaitedResource(store, "Export", name, () => true);
    try {
      await store.update("Export", { ...seen, spec: { ...seen.spec, suspend: true } }, signal);
      return;
    } catch (error) {
      if (!(error instanceof LongshoreError && error.code === "Conflict")) throw error;
    }
  }
}

/** Waits until the clock has a timer of so many milliseconds. */
async function waiting({ clock }: ControllerPlace, milliseconds: number): Promise<void> {
  while (!clock.waits().includes(milliseconds)) await setImmediate();
}

describe("the controllers", () => {
  test("take an export from its creation to its end", async () => {
    await using at = running();
    const { store, runner } = at;
    await store.create("Export", givenExport("reports", inline), signal);
    await awaitedResource(store, "Export", "reports", isQueued);
    await asked(at, "start reports 0");
    runner.becomes("reports", { phase: "running" });
    await awaitedResource(store, "Export", "reports", says("Succeeded", "Planning"));
    runner.succeed("reports");
    await awaitedResource(store, "Export", "reports", says("Succeeded", "Completed"));
    assert.deepEqual(at.errors, []);
  });

  test("begin an export when the destination that it waits for comes, and say whether that may be used", async () => {
    await using at = running();
    const { store } = at;
    await store.create("Export", givenExport("reports"), signal);
    await awaitedResource(store, "Export", "reports", says("Succeeded", "DestinationMissing"));
    await store.create("ExportDestination", givenDestination("other", "/forbidden"), signal);
    await awaitedResource(store, "ExportDestination", "other", says("Ready", "PlaceNotAllowed"));
    await store.create("ExportDestination", givenDestination("handover", "/mnt/handover"), signal);
    const begun = await awaitedResource(store, "Export", "reports", isQueued);
    assert.equal(begun.status?.location, "/mnt/handover/default/reports");
    await awaitedResource(store, "ExportDestination", "handover", says("Ready", "Allowed"));
  });

  test("begin an export when the one before it is done", async () => {
    await using at = running();
    const { store, runner } = at;
    await store.create("Export", givenExport("sunday", inline), signal);
    const after = { ...inline, previous: { name: "sunday" } };
    await store.create("Export", givenExport("monday", after), signal);
    await awaitedResource(store, "Export", "monday", says("Succeeded", "Pending"));
    await asked(at, "start sunday 0");
    runner.succeed("sunday");
    await awaitedResource(store, "Export", "monday", isQueued);
    await asked(at, "start monday 0");
    assert.equal(runner.jobOf("monday").previous, "/mnt/handover/default/sunday");
  });

  test("let no more run than may, and the oldest of the others when one ends or is stopped", async () => {
    const limits = { maxRunning: 2, maxRunningPerNamespace: 2, running: [] };
    await using at = running((store) => store, { limits });
    const { store, runner } = at;
    const names = ["a", "b", "c", "d", "e"];
    for (const name of names) await store.create("Export", givenExport(name, inline), signal);
    for (const name of ["c", "d", "e"]) {
      const queued = await awaitedResource(store, "Export", name, isQueued);
      const message = conditionOf(queued.status?.conditions, "Succeeded")?.message ?? "";
      assert.match(message, /^waits for its turn: no more than 2 exports .*\(maxRunning\)$/);
      assert.deepEqual([queued.metadata.finalizers, queued.status?.startTime], [undefined, undefined]);
    }
    await asked(at, "start b 0");
    assert.deepEqual(runner.calls, ["start a 0", "start b 0"]);
    await suspend(at, "a");
    await asked(at, "start c 0");
    // Neither who waits and is deleted nor who is suspended has a turn.
    await store.delete("Export", { namespace: "default", name: "d" }, signal);
    await awaited(store, "Export", "d", (seen) => seen === undefined);
    runner.fail("b", { code: "SourceUnreadable", message: "it may not be read" });
    await asked(at, "start e 0");
    assert.deepEqual(
      runner.calls.filter((call) => call.startsWith("start")),
      ["start a 0", "start b 0", "start c 0", "start e 0"],
    );
    assert.deepEqual(at.errors, []);
  });

  test("take back the turn of what ran before they began and is gone", async () => {
    const gone = [{ namespace: "default", name: "gone" }];
    const limits = { maxRunning: 1, maxRunningPerNamespace: 1, running: gone };
    await using at = running((store) => store, { limits });
    await at.store.create("Export", givenExport("next", inline), signal);
    await asked(at, "start next 0");
  });

  test("try again in time, and delete what has expired with its data", async () => {
    await using at = running();
    const { store, runner, clock } = at;
    await store.create("Export", givenExport("reports", { ...inline, ttlSecondsAfterFinished: 60 }), signal);
    await awaitedResource(store, "Export", "reports", isQueued);
    await asked(at, "start reports 0");
    runner.fail("reports", { code: "WorkerLost", message: "it was lost" });
    await awaitedResource(store, "Export", "reports", says("Succeeded", "Retrying"));
    await waiting(at, 1000);
    clock.advance(1000);
    await awaitedResource(store, "Export", "reports", isQueued);
    await asked(at, "start reports 1");
    runner.succeed("reports");
    await awaitedResource(store, "Export", "reports", says("Succeeded", "Completed"));
    await waiting(at, 60_000);
    clock.advance(60_000);
    await awaited(store, "Export", "reports", (seen) => seen === undefined);
    assert.ok(runner.calls.includes("remove /mnt/handover/default/reports"));
  });

  test("bind grants, let them expire, and delete them with their export", async () => {
    await using at = running();
    const { store, clock, gone } = at;
    const early = await store.create("DownloadGrant", givenGrant("early", "reports"), signal);
    await awaitedResource(store, "DownloadGrant", "early", says("Valid", "ExportMissing"));
    const created = await store.create("Export", givenExport("reports", inline), signal);
    const grant = await awaitedResource(store, "DownloadGrant", "early", says("Valid", "Active"));
    assert.equal(grant.status?.exportUid, created.metadata.uid);
    const short = givenGrant("short", "reports", { expiresInSeconds: 60 });
    const { metadata } = await store.create("DownloadGrant", short, signal);
    await awaitedResource(store, "DownloadGrant", "short", says("Valid", "Active"));
    await waiting(at, 60_000);
    clock.advance(60_000);
    await awaitedResource(store, "DownloadGrant", "short", says("Valid", "Expired"));
    await waiting(at, 86_400_000);
    clock.advance(86_399_000);
    await asked(at, "start reports 0");
    await store.delete("Export", created.metadata, signal);
    for (const name of ["early", "short"])
      await awaited(store, "DownloadGrant", name, (seen) => seen === undefined);
    while (gone.length < 2) await setImmediate();
    assert.deepEqual(gone.toSorted(), [early.metadata.uid, metadata.uid].toSorted());
  });

  test("report what nobody expected, try it again, and go on with the others", async () => {
    await using at = running();
    const { store, runner, clock, errors } = at;
    let isBroken = true;
    runner.before = (call) => {
      if (isBroken && call.startsWith("suspend")) throw new TypeError("a flaw of ours");
    };
    await store.create("Export", givenExport("broken", inline), signal);
    await asked(at, "start broken 0");
    const resource = await awaitedResource(store, "Export", "broken", isQueued);
    await store.update("Export", { ...resource, spec: { ...resource.spec, suspend: true } }, signal);
    while (errors.length === 0) await setImmediate();
    assert.equal(errors[0]?.about, "Export default/broken");
    await store.create("Export", givenExport("reports", inline), signal);
    await awaitedResource(store, "Export", "reports", isQueued);
    isBroken = false;
    await waiting(at, 1000);
    clock.advance(1000);
    await awaitedResource(store, "Export", "broken", says("Succeeded", "Suspended"));
  });

  test("work on exports that were there before, and on them alone that need it", async () => {
    const place = controllerPlace();
    const { store, runner } = place;
    for (const name of ["a", "b", "c"]) await store.create("Export", givenExport(name, inline), signal);
    const controller = new AbortController();
    const ended = runControllers(
      { ...place, parallel: 2, random: () => 1, schedule: place.clock.schedule },
      controller.signal,
    );
    for (const name of ["a", "b", "c"]) await awaitedResource(store, "Export", name, isQueued);
    while (runner.calls.length < 3) await setImmediate();
    runner.succeed("a");
    await awaitedResource(store, "Export", "a", says("Succeeded", "Completed"));
    controller.abort();
    await ended;
    await place[Symbol.asyncDispose]();
    assert.deepEqual(runner.calls.toSorted(), ["forget a", "start a 0", "start b 0", "start c 0"]);
  });

  test("list again when a watch has expired, and miss nothing that happened meanwhile", async () => {
    const expired = new AbortController();
    let lists = 0;
    await using at = running((store) => ({
      ...store,
      watch: (kind, query, within) => {
        if (kind !== "Export" || lists++ > 0) return store.watch(kind, query, within);
        return expiring(store.watch(kind, query, AbortSignal.any([within, expired.signal])), expired.signal);
      },
    }));
    const { store } = at;
    const first = await store.create("Export", givenExport("first", { ...inline, suspend: true }), signal);
    await store.create("DownloadGrant", givenGrant("of-first", "first"), signal);
    await awaitedResource(store, "DownloadGrant", "of-first", says("Valid", "Active"));
    await awaitedResource(store, "Export", "first", says("Succeeded", "Suspended"));
    expired.abort();
    await store.delete("Export", first.metadata, signal);
    await store.create("Export", givenExport("second", inline), signal);
    await awaitedResource(store, "Export", "second", isQueued);
    await awaited(store, "DownloadGrant", "of-first", (seen) => seen === undefined);
    assert.deepEqual(at.errors, []);
  });

  test("watch on after an error, with a back-off", async () => {
    let failures = 0;
    await using at = running((store) => ({
      ...store,
      watch: (kind, query, within) => {
        if (kind === "Export" && failures++ < 2) throw new TypeError("a flaw of ours");
        return store.watch(kind, query, within);
      },
    }));
    for (const wait of [1000, 2000]) {
      await waiting(at, wait);
      at.clock.advance(wait);
    }
    await at.store.create("Export", givenExport("reports", inline), signal);
    await awaitedResource(at.store, "Export", "reports", isQueued);
    assert.deepEqual(
      at.errors.map(({ about }) => about),
      ["the watches", "the watches"],
    );
  });

  test("end when they are told to, and leave no timer behind", async () => {
    const at = running();
    await at.store.create("Export", givenExport("reports", inline), signal);
    await awaitedResource(at.store, "Export", "reports", isQueued);
    await at[Symbol.asyncDispose]();
    assert.deepEqual(at.clock.waits(), []);
    assert.deepEqual(at.errors, []);
  });
});

/** Ends as a watch does that fell too far behind. */
async function* expiring<T>(events: AsyncIterable<T>, when: AbortSignal): AsyncGenerator<T> {
  try {
    yield* events;
  } catch (error) {
    if (!when.aborted) throw error;
    throw new LongshoreError("WatchExpired", "the changes since then are forgotten");
  }
}
