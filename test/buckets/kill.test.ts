/** An export into a bucket whose processes die, whose parts are taken away, and that two work on at once. */
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { after, before, suite, test } from "node:test";
import { Manifest } from "../../src/domain/manifest.ts";
import { receiptName } from "../../src/domain/part.ts";
import { Plan } from "../../src/domain/plan.ts";
import type { MultipartUploads, UploadPlace } from "../../src/domain/ports/object-store.ts";
import { Receipt } from "../../src/domain/receipt.ts";
import {
  freshPrefix,
  openBucket,
  openStore,
  s3Location,
  testBucket,
  textPayload,
} from "../fixtures/buckets.ts";
import { exportTree, reportOf } from "../fixtures/exports.ts";
import { mixedBytes } from "../fixtures/mixed-bytes.ts";
import { seededRandom, seedOfRun } from "../fixtures/random.ts";
import { expectExit, longshore, startLongshore, temporaryFolder } from "../fixtures/run.ts";
import { missingSwift, type S3Server, startSwift } from "../servers/swift.ts";

const { signal } = new AbortController();
const skip = missingSwift();

suite("an export into a bucket", { skip }, () => {
  let swift: S3Server;
  const folder = temporaryFolder();
  const source = folder.join("source");
  let undisturbed: Manifest;

  before(async () => {
    swift = await startSwift();
    await swift.createBucket(testBucket);
    mkdirSync(source);
    writeFileSync(`${source}/big`, mixedBytes(60 * 2 ** 20, "big"));
    for (let i = 0; i < 300; i++) writeFileSync(`${source}/${i}`, mixedBytes(i * 300, `${i}`));
    const prefix = freshPrefix();
    await exported(prefix);
    undisturbed = await manifestAt(prefix);
  });
  after(async () => {
    await swift?.[Symbol.asyncDispose]();
    await folder[Symbol.asyncDispose]();
  });

  const argsFor = (prefix: string): string[] => [
    source,
    s3Location(swift, prefix),
    ..."--name x --part-size 8Mi --workers 2 --json".split(" "),
  ];
  const exported = (prefix: string, ...more: string[]) =>
    exportTree([...argsFor(prefix), ...more], [0], { env: swift.env });
  const record = async (prefix: string, name: string): Promise<unknown> => {
    const bytes = await openBucket(swift, `${prefix}/x`).get(name, signal);
    return bytes === undefined ? undefined : JSON.parse(Buffer.from(bytes).toString());
  };
  const manifestAt = async (prefix: string): Promise<Manifest> =>
    Manifest.parse(await record(prefix, "manifest.json"));
  const multipart = (prefix: string): MultipartUploads =>
    openStore(swift, s3Location(swift, prefix)).multipart ?? assert.fail("there is no multipart");
  const uploads = (prefix: string): Promise<readonly UploadPlace[]> =>
    multipart(prefix).uploads(`${prefix}/`, signal);

  async function expectUndisturbed(prefix: string): Promise<void> {
    const manifest = await manifestAt(prefix);
    assert.equal(manifest.contentDigest, undisturbed.contentDigest);
    assert.equal(
      manifest.run.archive?.etag,
      undisturbed.run.archive?.etag,
      "the object is the same, byte for byte",
    );
    assert.deepEqual(await uploads(prefix), []);
    const left: string[] = [];
    for await (const { name } of openBucket(swift, `${prefix}/x`).list("", signal))
      if (/^(?:tmp|attempts|index)\//.test(name)) left.push(name);
    assert.deepEqual(left, []);
    const location = s3Location(swift, `${prefix}/x`);
    expectExit(await longshore(["verify", location], { env: swift.env }), 0);
  }

  /** Kills it when `isTime` says so; false where it had ended before. */
  async function killWhen(prefix: string, isTime: () => Promise<boolean>): Promise<boolean> {
    const running = startLongshore(["export", ...argsFor(prefix)], { env: swift.env });
    let ended = false;
    const done = running.done.finally(() => {
      ended = true;
    });
    while (!ended && !(await isTime())) await sleep(5);
    running.signal("SIGKILL");
    return (await done).signal === "SIGKILL";
  }

  test("killed at random instants is resumed to the same object", async (t) => {
    const random = seededRandom(seedOfRun());
    const prefix = freshPrefix();
    let kills = 0;
    for (const longest of [1500, 3000, 4500, 6000]) {
      const until = performance.now() + random() * longest;
      if (await killWhen(prefix, () => Promise.resolve(performance.now() > until))) kills++;
    }
    t.diagnostic(`${kills} kills`);
    await exported(prefix);
    await expectUndisturbed(prefix);
  });

  test("killed with parts that have no receipt adopts them, and does at most one part a worker again", async () => {
    const prefix = freshPrefix();
    const seen = (): Promise<boolean> => isThere(prefix, receiptName(3));
    assert.ok(await killWhen(prefix, seen));
    const destination = openBucket(swift, `${prefix}/x`);
    // As if each worker had been killed between sending its part and writing the receipt.
    const drafts = new Map<number, Receipt>();
    for await (const { name } of destination.list("receipts/", signal)) {
      const receipt = Receipt.parse(await record(prefix, name));
      if (
        drafts.size < 2 &&
        (await record(prefix, `tmp/0000000${receipt.number}.receipt.json`)) !== undefined
      ) {
        drafts.set(receipt.number, receipt);
        await destination.remove(name, signal);
      }
    }
    assert.equal(drafts.size, 2);
    const report = await exported(prefix);
    for (const [number, before] of drafts) {
      const receipt = Receipt.parse(await record(prefix, receiptName(number)));
      assert.ok(receipt.adopted, `part ${number} was packed again`);
      assert.deepEqual(receipt.sent, before.sent);
    }
    assert.ok(report.bytes.redone <= 4 * 16 * 2 ** 20, `${report.bytes.redone} bytes done again`);
    await expectUndisturbed(prefix);
  });

  test("killed between the completion and the manifest finds its object", async () => {
    const prefix = freshPrefix();
    const inTime = await killWhen(prefix, () => isThere(prefix, "x.tar.zst"));
    if (inTime) assert.equal(await record(prefix, "manifest.json"), undefined);
    await exported(prefix);
    await expectUndisturbed(prefix);
  });

  test("packs again what the store no longer has as it was sent", async () => {
    const prefix = freshPrefix();
    assert.ok(await killWhen(prefix, () => isThere(prefix, receiptName(2))));
    const [upload] = await uploads(prefix);
    assert.ok(upload);
    const number = Receipt.parse(await record(prefix, receiptName(2))).number;
    await multipart(prefix).put(
      { ...upload, number: number + 1 },
      textPayload(mixedBytes(5 * 2 ** 20, "x")),
      signal,
    );
    const result = await longshore(["export", ...argsFor(prefix)], { env: swift.env });
    assert.equal(reportOf(expectExit(result, 0)).state, "Succeeded");
    await expectUndisturbed(prefix);
  });

  test("begins a new upload where the old one is gone", async () => {
    const prefix = freshPrefix();
    assert.ok(await killWhen(prefix, () => isThere(prefix, "plan.json")));
    const before = Plan.parse(await record(prefix, "plan.json")).request.upload;
    const [upload] = await uploads(prefix);
    assert.equal(upload?.id, before?.id);
    await multipart(prefix).abort(upload ?? assert.fail(), signal);
    await exported(prefix);
    assert.notEqual(Plan.parse(await record(prefix, "plan.json")).request.upload?.id, before?.id);
    await expectUndisturbed(prefix);
  });

  test("ends uploads of its object that no plan knows", async () => {
    const prefix = freshPrefix();
    const key = `${prefix}/x/x.tar.zst`;
    await multipart(prefix).begin(key, "application/zstd", signal);
    const other = await multipart(prefix).begin(`${prefix}/x/other`, "application/zstd", signal);
    await exported(prefix);
    assert.deepEqual(await uploads(prefix), [{ key: `${prefix}/x/other`, id: other }]);
    await openBucket(swift, `${prefix}/x`).removeAll("", signal);
    assert.deepEqual(await uploads(prefix), [], "whoever removes the export removes what was begun below it");
  });

  test("that two processes make at once ends right, or says which of them must go on", async () => {
    const prefix = freshPrefix();
    const running = [1, 2].map(() => startLongshore(["export", ...argsFor(prefix)], { env: swift.env }));
    const results = await Promise.all(running.map(({ done }) => done));
    for (const result of results) expectExit(result, 0, 1);
    // Of two receipts that are written at once Swift keeps the last, which may not be the one that the manifest knows.
    await exported(prefix, "--repair");
    await expectUndisturbed(prefix);
  });

  async function isThere(prefix: string, name: string): Promise<boolean> {
    return (await openBucket(swift, `${prefix}/x`).size(name, signal)) !== undefined;
  }
});
