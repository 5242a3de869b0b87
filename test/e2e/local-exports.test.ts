/** The controllers of one machine with everything real but the time: store, runner, threads, places, files. */
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { existsSync, readdirSync, readFileSync, renameSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { runControllers } from "../../src/controllers/run-controllers.ts";
import type { ExportStore } from "../../src/domain/ports/export-store.ts";
import { conditionOf } from "../../src/domain/resources/condition.ts";
import type { ExportSpec } from "../../src/domain/resources/export.ts";
import type { Export } from "../../src/domain/resources/resource.ts";
import { localPlaces } from "../../src/local/places.ts";
import { openDatabase } from "../../src/local/store/open-database.ts";
import { sqliteExportStore } from "../../src/local/store/sqlite-export-store.ts";
import { awaited, awaitedResource } from "../fixtures/controller-place.ts";
import { contentOf, digestOf, expectNoLeftovers, expectVerified } from "../fixtures/exports.ts";
import { makeTree, startRunner } from "../fixtures/local-jobs.ts";
import { type GivenSpec, givenDestination, givenExport } from "../fixtures/made-up-resources.ts";
import { ManualClock } from "../fixtures/manual-clock.ts";
import { temporaryFolder, type TemporaryFolder, until } from "../fixtures/run.ts";

const { signal } = new AbortController();

/** A process of the server: what of it dies in a crash. */
interface Process {
  /** Ends as a crash does: nothing is asked to end, threads included. */
  crash(): Promise<void>;
}

interface Server extends AsyncDisposable {
  readonly folder: TemporaryFolder;
  readonly store: ExportStore;
  readonly clock: ManualClock;
  readonly errors: unknown[];
  /** Begins to work; `bytesPerSecond` slows it. Without `grace` milliseconds, jobs are stopped as a crash does. */
  boot(bytesPerSecond?: number, grace?: number): Promise<Process>;
  create(name: string, spec?: GivenSpec): Promise<Export>;
  change(name: string, spec: Partial<ExportSpec>): Promise<void>;
  /** Waits until the condition Succeeded has this reason. */
  becomes(name: string, reason: string): Promise<Export>;
  locationOf(name: string): string;
}

/** So slow that an export of the tree takes some seconds, and is met on its way. */
const slow = 400_000;
const partSize = 65_536;
const files = 24;
const fileSize = 50_000;

function server(): Server {
  const folder = temporaryFolder();
  const clock = new ManualClock();
  const database = openDatabase(folder.join("data"));
  const store = sqliteExportStore(database, { newId: randomUUID, clock });
  makeTree(folder.join("tree"), files, fileSize);
  const errors: unknown[] = [];
  const processes = new Set<Process>();
  const boot = async (bytesPerSecond?: number, grace = 0): Promise<Process> => {
    const stopped = new AbortController();
    const onError = (error: unknown): void => void errors.push(error);
    const runner = await startRunner(folder.join("data", "scratch"), { bytesPerSecond, grace, onError });
    const places = localPlaces({ allow: [folder.path], dataFolder: folder.join("data") });
    const checkPlace = () => assert.fail("there is no bucket");
    const options = { store, runner, places, checkPlace, clock, parallel: 2, random: () => 0, onError };
    const ended = runControllers({ ...options, schedule: clock.schedule }, stopped.signal);
    const process = {
      crash: async () => {
        if (!processes.delete(process)) return;
        stopped.abort();
        await ended;
        await runner[Symbol.asyncDispose]();
      },
    };
    processes.add(process);
    return process;
  };
  const locationOf = (name: string): string => folder.join("handover", "default", name);
  return {
    folder,
    store,
    clock,
    errors,
    boot,
    create: (name, spec = {}) =>
      store.create(
        "Export",
        givenExport(name, {
          source: { directory: { path: folder.join("tree") } },
          destination: { directory: { path: folder.join("handover") } },
          partSize,
          ...spec,
        }),
        signal,
      ),
    change: async (name, spec) => {
      for (;;) {
        const resource = await store.get("Export", { namespace: "default", name }, signal);
        assert.ok(resource !== undefined);
        const changed = { ...resource, spec: { ...resource.spec, ...spec } };
        const isWritten = await store.update("Export", changed, signal).then(
          () => true,
          (error: { code?: string }) => assert.equal(error.code, "Conflict"),
        );
        if (isWritten === true) return;
      }
    },
    becomes: (name, reason) =>
      awaitedResource(
        store,
        "Export",
        name,
        ({ status }) => conditionOf(status?.conditions, "Succeeded")?.reason === reason,
      ),
    locationOf,
    [Symbol.asyncDispose]: async () => {
      for (const process of processes) await process.crash();
      await database[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
}

/** The receipts that stand, by name: each says when and by which attempt its part was made. */
function receiptsOf(location: string): Map<string, string> {
  const folder = join(location, "receipts");
  const names = existsSync(folder) ? readdirSync(folder) : [];
  return new Map(names.map((name) => [name, readFileSync(join(folder, name), "utf8")]));
}

/** Waits until some parts are safe, and others are not. */
async function untilHalfway(location: string): Promise<Map<string, string>> {
  await until("some parts are safe", () => receiptsOf(location).size >= 3);
  assert.ok(!existsSync(join(location, "manifest.json")), "it is not done yet");
  return receiptsOf(location);
}

/** Nothing that was safe was made again, and of what was not, a part for each worker at most. */
function expectNothingTwice(done: Export, before: ReadonlyMap<string, string>, location: string): void {
  const after = receiptsOf(location);
  for (const [name, receipt] of before) assert.equal(after.get(name), receipt, `${name} was made again`);
  const redone = done.status?.bytes?.redone ?? assert.fail();
  assert.ok(redone <= 2 * partSize * (done.spec.workers.count + 1), `${redone} bytes were read again`);
}

describe("an export on one machine", () => {
  test("ends well, proved, where its namespace and name say", async () => {
    await using at = server();
    await at.boot();
    const { metadata } = await at.create("reports", { workers: { count: 2 } });
    const { status } = await at.becomes("reports", "Completed");
    const location = at.locationOf("reports");
    await expectVerified(location);
    expectNoLeftovers(location);
    assert.equal(status?.location, location);
    assert.equal(status.manifestDigest, digestOf(join(location, "manifest.json")));
    assert.equal(status.files, files);
    assert.equal(status.bytes?.source, files * fileSize);
    assert.deepEqual(status.parts?.succeeded, status.parts?.total);
    assert.equal(status.archive?.file, "reports.tar.zst");
    const plan = JSON.parse(readFileSync(join(location, "plan.json"), "utf8")) as {
      request: { owner: string };
    };
    assert.equal(plan.request.owner, metadata.uid);
    assert.deepEqual(at.errors, []);
  });

  test("goes to a destination that it names, in the format that it asks for", async () => {
    await using at = server();
    await at.boot();
    await at.create("reports", { destination: { name: "handover" }, format: "Files" });
    await at.becomes("reports", "DestinationMissing");
    await at.store.create("ExportDestination", givenDestination("handover", at.folder.join("other")), signal);
    const { status } = await at.becomes("reports", "Completed");
    assert.equal(status?.archive, undefined);
    assert.ok(existsSync(at.folder.join("other/default/reports/files/file-0")));
  });

  test("takes over the parts of the one that it names as previous", async () => {
    await using at = server();
    await at.boot();
    // What was changed within two seconds before it was planned is not trusted later.
    const trusted = Date.now() + 2500;
    await until("the tree is old enough", () => Date.now() > trusted);
    await at.create("sunday");
    await at.create("monday", { previous: { name: "sunday" } });
    const { status } = await at.becomes("monday", "Completed");
    const { total = 0, reused } = status?.parts ?? {};
    assert.ok(total > 10);
    assert.equal(reused, total - 1, "all but the part that ends the archive");
    await expectVerified(at.locationOf("monday"));
  });

  test("that is suspended keeps what is safe, and goes on with the rest", async () => {
    await using at = server();
    await at.boot(slow, 30_000);
    await at.create("reports");
    const location = at.locationOf("reports");
    await untilHalfway(location);
    await at.change("reports", { suspend: true });
    await at.becomes("reports", "Suspended");
    const before = receiptsOf(location);
    assert.ok(!existsSync(join(location, "lock")), "nobody works on it");
    await at.change("reports", { suspend: false });
    const done = await at.becomes("reports", "Completed");
    expectNothingTwice(done, before, location);
    assert.equal(done.status?.failures, undefined);
    await expectVerified(location);
  });

  test("goes on after a crash without a part being made twice, and is the same as without one", async () => {
    await using at = server();
    const first = await at.boot(slow);
    await at.create("reports");
    const location = at.locationOf("reports");
    await untilHalfway(location);
    await first.crash();
    const before = receiptsOf(location);
    await at.boot();
    const done = await at.becomes("reports", "Completed");
    expectNothingTwice(done, before, location);
    assert.equal(done.status?.failures, undefined);
    await at.create("uncut");
    await at.becomes("uncut", "Completed");
    assert.deepEqual(contentOf(location), contentOf(at.locationOf("uncut")));
    assert.deepEqual(at.errors, []);
  });

  test("that was done when the server crashed is not worked on again", async () => {
    await using at = server();
    const first = await at.boot();
    await at.create("reports");
    const { metadata } = await at.becomes("reports", "Completed");
    await first.crash();
    await at.boot();
    await at.create("next");
    await at.becomes("next", "Completed");
    const now = await at.store.get("Export", metadata, signal);
    assert.equal(now?.metadata.resourceVersion, metadata.resourceVersion);
  });

  test("is tried again when its destination was gone, and goes on there", async () => {
    await using at = server();
    await at.boot(slow);
    await at.create("reports");
    const location = at.locationOf("reports");
    const before = await untilHalfway(location);
    renameSync(location, `${location}-away`);
    const { status } = await at.becomes("reports", "Retrying");
    assert.equal(status?.failures, 1);
    assert.match(
      conditionOf(status.conditions, "Succeeded")?.message ?? "",
      /attempt 1 failed: the destination .* is gone/,
    );
    renameSync(`${location}-away`, location);
    await until("the next attempt is waited for", () => at.clock.waits().includes(1000));
    at.clock.advance(1000);
    const done = await at.becomes("reports", "Completed");
    assert.equal(done.status?.failures, 1);
    expectNothingTwice(done, before, location);
    await expectVerified(location);
  });

  test("that is cancelled on its way leaves nothing but its document", async () => {
    await using at = server();
    await at.boot(slow);
    await at.create("reports");
    await untilHalfway(at.locationOf("reports"));
    await at.change("reports", { cancel: true });
    const { status } = await at.becomes("reports", "Canceled");
    assert.deepEqual(readdirSync(at.folder.join("handover")), []);
    assert.equal(status?.location, undefined);
    await awaitedResource(at.store, "Export", "reports", ({ metadata }) => metadata.finalizers === undefined);
  });

  for (const deletionPolicy of ["Delete", "Retain"] as const)
    test(`that is deleted by the policy ${deletionPolicy} goes, at work or done`, async () => {
      await using at = server();
      const first = await at.boot();
      await at.create("done", { deletionPolicy });
      await at.becomes("done", "Completed");
      await first.crash();
      await at.boot(slow);
      await at.create("at-work", { deletionPolicy });
      await untilHalfway(at.locationOf("at-work"));
      for (const name of ["done", "at-work"]) {
        await at.store.delete("Export", { namespace: "default", name }, signal);
        await awaited(at.store, "Export", name, (seen) => seen === undefined);
        assert.equal(existsSync(join(at.locationOf(name), "plan.json")), deletionPolicy === "Retain");
      }
      if (deletionPolicy === "Retain") await expectVerified(at.locationOf("done"));
    });

  test("that was retained is not gone on with by another of its name", async () => {
    await using at = server();
    await at.boot();
    await at.create("reports", { deletionPolicy: "Retain" });
    await at.becomes("reports", "Completed");
    await at.store.delete("Export", { namespace: "default", name: "reports" }, signal);
    await awaited(at.store, "Export", "reports", (seen) => seen === undefined);
    const before = contentOf(at.locationOf("reports"));
    await at.create("reports");
    await at.becomes("reports", "LocationOccupied");
    await at.store.delete("Export", { namespace: "default", name: "reports" }, signal);
    await awaited(at.store, "Export", "reports", (seen) => seen === undefined);
    assert.deepEqual(contentOf(at.locationOf("reports")), before);
  });

  test("goes with its data when its time is over", async () => {
    await using at = server();
    await at.boot();
    await at.create("reports", { ttlSecondsAfterFinished: 3600 });
    const { status } = await at.becomes("reports", "Completed");
    assert.equal(
      Date.parse(status?.expirationTime ?? "") - Date.parse(status?.completionTime ?? ""),
      3_600_000,
    );
    await until("its end is waited for", () => at.clock.waits().includes(3_600_000));
    at.clock.advance(3_599_999);
    assert.ok(existsSync(join(at.locationOf("reports"), "manifest.json")));
    at.clock.advance(1);
    await awaited(at.store, "Export", "reports", (seen) => seen === undefined);
    assert.deepEqual(readdirSync(at.folder.join("handover")), []);
  });

  test("reads and writes nothing where it may not", async () => {
    await using at = server();
    await at.boot();
    await at.create("from-outside", { source: { directory: { path: "/etc" } } });
    await at.create("from-within", { source: { directory: { path: at.folder.join("data") } } });
    await at.create("to-outside", { destination: { directory: { path: "/var/tmp" } } });
    await at.create("into-itself", { destination: { directory: { path: at.folder.join("tree") } } });
    for (const name of ["from-outside", "from-within", "to-outside"])
      await at.becomes(name, "PlaceNotAllowed");
    await at.becomes("into-itself", "DestinationInsideSource");
    assert.ok(!existsSync("/var/tmp/default"));
    assert.ok(!existsSync(at.folder.join("tree/default")));
  });
});
