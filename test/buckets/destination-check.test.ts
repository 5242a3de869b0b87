/** `longshore destination check` on real stores, on a folder, and on a bucket whose policy denies something. */
import assert from "node:assert/strict";
import { mkdirSync, readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { after, before, suite, test } from "node:test";
import { LongshoreError } from "../../src/domain/errors.ts";
import { type BucketLocation, parseBucketLocation } from "../../src/domain/location.ts";
import type { Destination } from "../../src/domain/ports/destination.ts";
import type { ObjectStore } from "../../src/domain/ports/object-store.ts";
import { type CheckResult, type PlaceToCheck, runChecks } from "../../src/engine/checking/run-checks.ts";
import { storeToCheck } from "../../src/engine/checking/store-to-check.ts";
import { openBucketDestination } from "../../src/drivers/destinations/bucket.ts";
import { azureEnv, azureLocation, createContainer, openAzure } from "../fixtures/azure-containers.ts";
import { gcsLocation } from "../fixtures/gcs-buckets.ts";
import { freshPrefix, openStore, s3Location, testBucket } from "../fixtures/buckets.ts";
import {
  expectExit,
  expectOneSentence,
  longshore,
  startLongshore,
  temporaryFolder,
} from "../fixtures/run.ts";
import { type AzureServer, missingAzurite, startAzurite } from "../servers/azurite.ts";
import { type GcsServer, startGcs } from "../servers/gcs.ts";
import { missingSwift, type S3Server, startSwift } from "../servers/swift.ts";

const { signal } = new AbortController();

interface Report {
  readonly ok: boolean;
  readonly location: string;
  readonly checks: readonly CheckResult[];
  readonly leftBehind: readonly string[];
}

async function reportOn(location: string, env: Record<string, string>): Promise<Report> {
  const args = ["destination", "check", "--json", location];
  const result = expectExit(await longshore(args, { env, timeoutMs: 240_000 }), 0);
  assert.equal(result.stderr.toString(), "");
  return JSON.parse(result.stdout.toString()) as Report;
}

const notOffered = ({ checks }: Report): string[] =>
  checks.filter(({ outcome }) => outcome !== "ok").map(({ name }) => name);

async function assertNothingLeft(store: ObjectStore, prefix: string): Promise<void> {
  assert.deepEqual((await store.list({ prefix }, signal)).objects, []);
  assert.deepEqual(await store.multipart?.uploads(prefix, signal), []);
}

suite("a check of Swift by its S3 API", { skip: missingSwift() }, () => {
  let swift: S3Server;
  before(async () => {
    swift = await startSwift();
    await swift.createBucket(testBucket);
  });
  after(() => swift?.[Symbol.asyncDispose]());

  test("finds everything but conditional writes, and leaves nothing", async () => {
    const prefix = freshPrefix();
    const location = s3Location(swift, prefix);
    const report = await reportOn(location, swift.env);
    assert.deepEqual([report.ok, report.leftBehind, report.location], [true, [], location]);
    assert.deepEqual(notOffered(report), ["says to one alone of many at the same instant that it was first"]);
    assert.ok(report.checks.length > 20);
    await assertNothingLeft(openStore(swift, location), prefix);
  });

  test("that is interrupted leaves nothing", async () => {
    const prefix = freshPrefix();
    const location = s3Location(swift, prefix);
    const store = openStore(swift, location);
    const running = startLongshore(["destination", "check", location], { env: swift.env });
    while ((await store.list({ prefix }, signal)).objects.length === 0) signal.throwIfAborted();
    running.signal("SIGINT");
    expectExit(await running.done, 130);
    await assertNothingLeft(openStore(swift, location), prefix);
  });

  test("says in one sentence what keeps it from being asked at all", async () => {
    const location = s3Location(swift, "x").replace(testBucket, "nowhere");
    const result = await longshore(["destination", "check", location], { env: swift.env, timeoutMs: 60_000 });
    assert.match(expectOneSentence(expectExit(result, 1)), /s3:\/\/nowhere does not exist/);
  });

  test("says of a policy that lets no upload be aborted, and goes on", async () => {
    const base = freshPrefix();
    const store = openStore(swift, s3Location(swift, base));
    const location = parseBucketLocation(s3Location(swift, `${base}/check`)) ?? assert.fail();
    const multipart = store.multipart ?? assert.fail("it has no uploads");
    const refusing = { ...store, multipart: { ...multipart, abort: deny("AbortMultipartUpload") } };
    const open = (opened: ObjectStore): PlaceToCheck =>
      storeToCheck({ store: opened, once: opened, location, displayed: "here", openDestination });
    const place = open(refusing);
    await place.reach(signal);
    const results = await Array.fromAsync(runChecks(place, signal));
    const failures = results.filter((result) => result.outcome === "failed");
    assert.deepEqual(
      failures.map(({ name, message }) => [name, message]),
      [["lets uploads be aborted", "AbortMultipartUpload is denied"]],
    );
    const left = await place.clear(signal);
    assert.ok(left.length > 3 && left.every((one) => one.startsWith("upload of ")), left.join());
    // What the policy kept there goes without it.
    assert.deepEqual(await open(store).clear(signal), []);
    await assertNothingLeft(store, base);
  });
});

suite("a check of a bucket whose policy denies", () => {
  let gcs: GcsServer;
  before(async () => {
    gcs = await startGcs();
    gcs.createBucket(testBucket);
  });
  after(() => gcs?.[Symbol.asyncDispose]());

  const denials: [permission: string, failed: RegExp][] = [
    ["delete", /be deleted$|be aborted$|any order|was first wrote it$|removes one object|takes over/],
    ["list", /^(?!lets objects be (?:written|read|deleted))/],
  ];
  // What was left by the one before does not go by itself.
  for (const [permission, failed] of denials)
    test(`${permission} names the permission that is missing, and what is left`, async () => {
      const prefix = freshPrefix();
      gcs.denied.add(`storage.objects.${permission}`);
      try {
        const args = ["destination", "check", "--json", gcsLocation(gcs, prefix)];
        const result = await longshore(args, { env: gcs.env, timeoutMs: 240_000 });
        const report = JSON.parse(expectExit(result, 1).stdout.toString()) as Report;
        const failures = report.checks.filter((check) => check.outcome === "failed");
        assert.ok(failures.length > 0 && failures.length < report.checks.length);
        for (const { name, hint } of failures) {
          assert.match(name, failed);
          assert.match(hint, new RegExp(`storage\\.objects\\.${permission}`));
        }
        // Without a list, what makes up an upload there can't be found; objects are remembered.
        const isAllLeft = permission === "delete";
        assert.ok(report.leftBehind.length > 0);
        assert.equal(
          report.leftBehind.some((left) => !left.startsWith("upload of ")),
          isAllLeft,
        );
      } finally {
        gcs.denied.clear();
      }
    });
});

const openDestination = (store: ObjectStore, location: BucketLocation): Destination =>
  openBucketDestination({ store, location, scratch: tmpdir(), memory: 2 ** 25 });

const deny = (operation: string) => (): Promise<never> =>
  Promise.reject(new LongshoreError("StoreDenied", `${operation} is denied`));

suite("a check of Azurite", { skip: missingAzurite() }, () => {
  let azurite: AzureServer;
  before(async () => {
    azurite = await startAzurite();
    await createContainer(azurite);
  });
  after(() => azurite?.[Symbol.asyncDispose]());

  test("finds everything, and leaves nothing", async () => {
    const prefix = freshPrefix();
    const report = await reportOn(azureLocation(azurite, prefix), azureEnv(azurite));
    assert.deepEqual([report.ok, notOffered(report)], [true, []]);
    await assertNothingLeft(openAzure(azurite), prefix);
  });
});

suite("a check of a folder", () => {
  test("finds everything, and leaves no folder that it made", async () => {
    await using work = temporaryFolder();
    for (const folder of ["there", "new/deep"]) {
      mkdirSync(work.join("there"), { recursive: true });
      const report = await reportOn(work.join(folder), {});
      assert.deepEqual([report.ok, notOffered(report)], [true, []]);
      assert.deepEqual(readdirSync(work.path, { recursive: true }), ["there"]);
    }
  });

  test("prints a line a check, and how it ended", async () => {
    await using work = temporaryFolder();
    const { stdout } = expectExit(await longshore(["destination", "check", work.path]), 0);
    const lines = stdout.toString().trimEnd().split("\n");
    assert.match(lines.pop() ?? "", /everything that exports need works/);
    assert.ok(lines.length > 5 && lines.every((line) => line.startsWith("ok           ")));
  });

  test("that is a file says so", async () => {
    const result = await longshore(["destination", "check", import.meta.filename]);
    expectOneSentence(expectExit(result, 1));
  });
});
