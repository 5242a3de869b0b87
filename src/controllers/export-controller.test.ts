import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { deskKey as key, exportDesk as desk, inline } from "../../test/fixtures/export-desk.ts";
import { type GivenSpec, givenDestination } from "../../test/fixtures/made-up-resources.ts";
import { someProgress } from "../../test/fixtures/scripted-runner.ts";
import { LongshoreError } from "../domain/errors.ts";
import { conditionOf } from "../domain/resources/condition.ts";
import { dataFinalizer } from "./decide-export.ts";
import { createDependents } from "./dependents.ts";
import { createExportController } from "./export-controller.ts";

const { signal } = new AbortController();
const location = "/mnt/handover/default/reports";

const full = { code: "DestinationFull", message: "the destination is full" } as const;

describe("an export", () => {
  test("has its finalizer and says where it lies before its job begins, and ends well", async () => {
    await using at = await desk();
    at.runner.before = async (call) => {
      if (!call.startsWith("start")) return;
      const { metadata, status } = await at.get();
      assert.deepEqual(metadata.finalizers, [dataFinalizer]);
      assert.deepEqual([status?.location, await at.reason()], [location, "Queued"]);
    };
    await at.reconcile();
    assert.deepEqual(at.runner.calls, ["start reports 0"]);
    assert.deepEqual(at.runner.jobOf("reports"), {
      exportUid: (await at.get()).metadata.uid,
      attempt: 0,
      namespace: "default",
      name: "reports",
      source: "/srv/data",
      location,
      previous: undefined,
      options: {
        format: "tar.zst",
        level: 3,
        partSize: 64 * 2 ** 20,
        include: [],
        exclude: [],
        differences: "record",
        entryDigests: false,
        crossFileSystems: false,
      },
      workers: undefined,
      ways: { "/srv/data": "/srv/data", [location]: location },
    });
    at.runner.becomes("reports", { phase: "running", progress: someProgress });
    await at.reconcile();
    assert.equal(await at.reason(), "Packing");
    at.runner.succeed("reports");
    assert.equal(await at.reconcile(), undefined);
    assert.equal(await at.reason(), "Completed");
    assert.deepEqual(at.runner.calls, ["start reports 0", "forget reports"]);
    assert.deepEqual((await at.get()).metadata.finalizers, [dataFinalizer]);
  });

  test("between buckets says where it lies as its owner knows it, and its job how that is reached", async () => {
    const places = {
      source: { bucket: { url: "s3://lake/events" } },
      destination: { bucket: { url: "s3://handover/2026/" } },
    };
    await using at = await desk(places);
    const endpoint = "endpoint=https://inside.example";
    const lies = "s3://handover/2026/default/reports";
    await at.reconcile();
    const job = at.runner.jobOf("reports");
    assert.deepEqual([job.source, job.location], ["s3://lake/events", lies]);
    assert.deepEqual(job.ways, {
      "s3://lake/events": `s3://lake/events?${endpoint}`,
      [lies]: `${lies}?${endpoint}`,
    });
    const resource = await at.get();
    assert.equal(resource.status?.location, lies);
    assert.ok(!JSON.stringify(resource).includes("inside.example"));
    await at.remove();
    await at.reconcile();
    const owner = resource.metadata.uid;
    const named = { namespace: "default", name: "reports" };
    const ways = { [lies]: `${lies}?${endpoint}` };
    assert.deepEqual(at.runner.removed, [{ location: lies, owner, export: named, ways }]);
  });

  test("is written when it changed, and at most once a second for its progress", async () => {
    await using at = await desk();
    await at.reconcile();
    at.runner.becomes("reports", { phase: "running", progress: someProgress });
    await at.reconcile();
    const { resourceVersion } = (await at.get()).metadata;
    assert.equal(await at.reconcile(), undefined);
    at.clock.advance(300);
    at.runner.becomes("reports", { progress: { ...someProgress, bytes: 2000 } });
    assert.equal(await at.reconcile(), 0.7);
    assert.equal((await at.get()).metadata.resourceVersion, resourceVersion);
    at.clock.advance(700);
    assert.equal(await at.reconcile(), undefined);
    assert.equal((await at.get()).status?.progress?.bytes, 2000);
  });

  test("that somebody changes meanwhile is looked at again", async () => {
    await using at = await desk();
    let changes = 0;
    at.runner.before = async (call) => {
      if (call.startsWith("observe") && changes++ < 3) await at.change({ ttlSecondsAfterFinished: changes });
    };
    await at.reconcile();
    assert.deepEqual(at.runner.calls, ["start reports 0"]);
    assert.equal((await at.get()).spec.ttlSecondsAfterFinished, 3);
  });

  test("that is gone needs nothing", async () => {
    await using at = await desk();
    await at.remove();
    assert.equal(await at.reconcile(), undefined);
    assert.deepEqual(at.runner.calls, []);
  });

  test("whose steps never end is an error of ours", async () => {
    await using at = await desk();
    await at.reconcile();
    at.runner.stops = false;
    await at.change({ suspend: true });
    await assert.rejects(at.reconcile(), /took 50 steps/);
  });

  test("goes on after a crash with the same attempt, and is never begun again when it is done", async () => {
    await using at = await desk();
    await at.reconcile();
    at.runner.crash();
    await at.reconcile();
    at.runner.succeed("reports");
    await at.reconcile();
    at.runner.crash();
    await at.reconcile();
    assert.deepEqual(at.runner.calls, ["start reports 0", "start reports 0", "forget reports"]);
  });

  test("expires when its time has come", async () => {
    await using at = await desk({ ...inline, ttlSecondsAfterFinished: 90 });
    await at.reconcile();
    at.runner.succeed("reports");
    assert.equal(await at.reconcile(), 90);
    at.clock.advance(89_000);
    assert.equal(await at.reconcile(), 1);
    await at.change({ ttlSecondsAfterFinished: 100 });
    assert.equal(await at.reconcile(), 11);
    at.clock.advance(11_000);
    assert.equal(await at.reconcile(), undefined);
    assert.equal(await at.store.get("Export", key, signal), undefined);
    assert.equal(at.runner.calls.at(-1), `remove ${location}`);
  });
});

describe("an attempt", () => {
  test("that fails is made again after a back-off, and given up in the end", async () => {
    await using at = await desk({ ...inline, backoffLimit: 2 });
    const waits: (number | undefined)[] = [];
    await at.reconcile();
    for (let attempt = 0; attempt < 3; attempt++) {
      at.runner.fail("reports", full);
      const wait = await at.reconcile();
      waits.push(wait);
      assert.equal((await at.get()).status?.failures, attempt + 1);
      at.clock.advance(999);
      await at.reconcile();
      at.clock.advance((wait ?? 1) * 1000 - 999);
      await at.reconcile();
    }
    assert.deepEqual(waits, [1, 2, undefined]);
    assert.equal(await at.reason(), "DestinationFull");
    const starts = at.runner.calls.filter((call) => call.startsWith("start"));
    assert.deepEqual(starts, ["start reports 0", "start reports 1", "start reports 2"]);
  });

  test("that fails for what somebody must change is the last", async () => {
    await using at = await desk();
    await at.reconcile();
    at.runner.fail("reports", { code: "LocationOccupied", message: "it holds other data" });
    assert.equal(await at.reconcile(), undefined);
    assert.equal(await at.reason(), "LocationOccupied");
    assert.deepEqual(at.errors, []);
  });

  const refused: Record<string, readonly [GivenSpec, string]> = {
    "from where nothing may be read": [{ source: { directory: { path: "/forbidden" } } }, "PlaceNotAllowed"],
    "to where nothing may be written": [
      { destination: { directory: { path: "/forbidden" } } },
      "PlaceNotAllowed",
    ],
    "from where nothing is": [{ source: { directory: { path: "/missing" } } }, "SourceNotFound"],
    "from a snapshot, which a folder can't give": [{ consistency: "Snapshot" }, "InvalidDocument"],
  };
  for (const [name, [spec, reason]] of Object.entries(refused))
    test(`${name} fails at once`, async () => {
      await using at = await desk({ ...inline, ...spec });
      assert.equal(await at.reconcile(), undefined);
      assert.equal(await at.reason(), reason);
      assert.deepEqual(at.runner.calls, []);
    });

  test("that can't begin for what nobody expected is tried again, and the log knows why", async () => {
    await using at = await desk({ ...inline, source: { directory: { path: "/flawed" } } });
    assert.equal(await at.reconcile(), 1);
    assert.equal(await at.reason(), "Retrying");
    assert.ok(!JSON.stringify(await at.get()).includes("secret-value"));
    assert.deepEqual(
      at.errors.map(({ about }) => about),
      ["Export default/reports"],
    );
  });

  test("that the runner refuses is tried again", async () => {
    await using at = await desk();
    at.runner.before = (call) => {
      if (call === "start reports 0") throw new LongshoreError("ServerStopping", "it is being stopped");
    };
    assert.equal(await at.reconcile(), 1);
    at.clock.advance(1000);
    await at.reconcile();
    assert.deepEqual(at.runner.calls, ["start reports 0", "start reports 1"]);
  });

  for (const code of ["ServerUnreachable", "ServerFailed", "TooManyRequests"] as const)
    test(`whose job is not begun for ${code} has not failed, as nobody said no to it`, async () => {
      await using at = await desk({ ...inline, backoffLimit: 0 });
      const calls: string[] = [];
      at.runner.before = (call) => {
        if (call.startsWith("start") && calls.push(call) === 1)
          throw new LongshoreError(code, "the API server has no time");
      };
      await assert.rejects(at.reconcile(), { code });
      assert.deepEqual([await at.reason(), (await at.get()).status?.failures], ["Queued", undefined]);
      await at.reconcile();
      assert.deepEqual(calls, ["start reports 0", "start reports 0"]);
    });

  test("that is cut off by a cancelled reconcile is no failure", async () => {
    await using at = await desk();
    const controller = new AbortController();
    at.runner.before = (call) => {
      if (!call.startsWith("start")) return;
      controller.abort(new Error("enough"));
      throw new Error("enough");
    };
    const exports = createExportController(at, createDependents());
    await assert.rejects(exports.reconcile(key, controller.signal), { message: "enough" });
    assert.equal((await at.get()).status?.failures, undefined);
    assert.deepEqual(at.errors, []);
  });

  test("goes on where the export lies, whatever its destination says now", async () => {
    await using at = await desk({ destination: { name: "handover" } });
    const created = await at.store.create(
      "ExportDestination",
      givenDestination("handover", "/mnt/first"),
      signal,
    );
    await at.reconcile();
    await at.store.delete("ExportDestination", created.metadata, signal);
    await at.store.create("ExportDestination", givenDestination("handover", "/mnt/second"), signal);
    at.runner.crash();
    await at.reconcile();
    assert.equal(at.runner.jobOf("reports").location, "/mnt/first/default/reports");
  });
});

describe("a suspended export", () => {
  test("is stopped, keeps its data, and goes on", async () => {
    await using at = await desk();
    await at.reconcile();
    await at.change({ suspend: true });
    assert.equal(await at.reconcile(), undefined);
    assert.equal(await at.reason(), "Suspended");
    await at.change({ suspend: false });
    await at.reconcile();
    assert.equal(await at.reason(), "Queued");
    assert.deepEqual(at.runner.calls, ["start reports 0", "suspend reports", "start reports 0"]);
  });
});

describe("a cancelled export", () => {
  test("is stopped, loses its data and its finalizer, and has ended", async () => {
    await using at = await desk();
    await at.reconcile();
    const seen: (string | undefined)[] = [];
    at.runner.before = async (call) => {
      if (!call.startsWith("observe")) seen.push(await at.reason());
    };
    await at.change({ cancel: true, suspend: true });
    assert.equal(await at.reconcile(), undefined);
    assert.deepEqual(at.runner.calls, ["start reports 0", "stop reports", `remove ${location}`]);
    assert.deepEqual(seen, ["Canceling", "Canceling"]);
    const { metadata, status } = await at.get();
    assert.deepEqual(
      [metadata.finalizers, await at.reason(), status?.location],
      [undefined, "Canceled", undefined],
    );
    assert.equal(status?.completionTime, new Date(at.clock.now()).toISOString());
  });

  test("that was done before it could be stopped stays as it is", async () => {
    await using at = await desk();
    await at.reconcile();
    at.runner.stops = false;
    at.runner.before = (call) => {
      if (call.startsWith("stop")) at.runner.succeed("reports");
    };
    await at.change({ cancel: true });
    await at.reconcile();
    assert.equal(await at.reason(), "Completed");
    assert.ok(!at.runner.calls.some((call) => call.startsWith("remove")));
  });

  test("whose data can't be removed is tried again, not more often for being looked at", async () => {
    await using at = await desk();
    await at.reconcile();
    await at.change({ cancel: true });
    let failures = 0;
    at.runner.before = (call) => {
      if (!call.startsWith("remove") || failures >= 3) return;
      failures++;
      throw new LongshoreError("DestinationGone", "the destination is gone");
    };
    const waits = [];
    for (let i = 0; i < 3; i++) {
      waits.push(await at.reconcile());
      await at.reconcile();
      at.clock.advance((waits.at(-1) ?? 0) * 1000);
    }
    assert.deepEqual(waits, [1, 2, 4]);
    assert.equal(failures, 3);
    const { message = "" } = conditionOf((await at.get()).status?.conditions, "Succeeded") ?? {};
    assert.match(message, /could not be removed yet: the destination is gone/);
    assert.equal(await at.reconcile(), undefined);
    assert.equal(await at.reason(), "Canceled");
  });
});

describe("a deleted export", () => {
  test("is stopped, loses its data, and goes", async () => {
    await using at = await desk();
    await at.reconcile();
    await at.remove();
    await at.reconcile();
    assert.deepEqual(at.runner.calls, ["start reports 0", "stop reports", `remove ${location}`]);
    assert.equal(await at.store.get("Export", key, signal), undefined);
  });

  test("whose data can't be removed says so, and can be let go", async () => {
    await using at = await desk();
    await at.reconcile();
    at.runner.before = (call) => {
      if (call.startsWith("remove")) throw new LongshoreError("DestinationDenied", "it may not be written");
    };
    await at.remove();
    assert.equal(await at.reconcile(), 1);
    const condition = conditionOf((await at.get()).status?.conditions, "Succeeded");
    assert.equal(condition?.reason, "Deleting");
    assert.match(condition.message, /it may not be written; deletionPolicy Retain leaves the data/);
    await at.change({ deletionPolicy: "Retain" });
    await at.reconcile();
    assert.equal(await at.store.get("Export", key, signal), undefined);
  });

  test("whose data waits for its removal says so, is looked at again when that changes, and goes", async () => {
    await using at = await desk();
    await at.reconcile();
    at.runner.waiting = { reason: "Unschedulable", message: "no node takes the pod" };
    await at.remove();
    for (const time of ["first", "second"]) assert.equal(await at.reconcile(), undefined, time);
    const { status } = await at.get();
    const condition = conditionOf(status?.conditions, "Succeeded");
    assert.equal(condition?.reason, "Deleting");
    assert.match(condition.message, /no node takes the pod; deletionPolicy Retain leaves the data/);
    at.runner.waiting = undefined;
    await at.reconcile();
    assert.equal(await at.store.get("Export", key, signal), undefined);
  });

  test("removes nothing where its path leads elsewhere now", async () => {
    await using at = await desk({ destination: { directory: { path: "/mnt/handover" } } });
    await at.reconcile();
    const resource = await at.get();
    const status = { ...resource.status, location: "/moved/default/reports" };
    await at.store.updateStatus("Export", { ...resource, status }, signal);
    await at.remove();
    assert.equal(await at.reconcile(), 1);
    assert.ok(!at.runner.calls.some((call) => call.startsWith("remove")));
    assert.match(JSON.stringify((await at.get()).status), /leads elsewhere/);
  });
});
