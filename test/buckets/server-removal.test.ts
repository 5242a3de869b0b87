/** What becomes of an export's data in a bucket when it is cancelled, deleted, out of time, or another's. */
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import { exportTree } from "../fixtures/exports.ts";
import { s3Location } from "../fixtures/buckets.ts";
import { mixedBytes } from "../fixtures/mixed-bytes.ts";
import { temporaryFolder } from "../fixtures/run.ts";
import {
  createExport,
  type Document,
  reasonOf,
  type RunningServer,
  startServer,
  untilEnded,
  untilGone,
  untilReason,
  untilSeen,
} from "../fixtures/server.ts";
import { missingSwift } from "../servers/swift.ts";
import { allowedPrefix, freshPlace, startSwiftBucket, type SwiftBucket, tenantUrl } from "./served-bucket.ts";

const mebibyte = 2 ** 20;
const skip = missingSwift();

suite("an export's data in a bucket", { skip }, () => {
  const work = temporaryFolder();
  const tree = work.join("allowed/tree");
  let bucket: SwiftBucket;
  let server: RunningServer;

  const begin = (allow: string[], args: string[] = []): Promise<RunningServer> =>
    startServer({
      folder: work.path,
      allow: [work.join("allowed"), ...allow],
      env: bucket.swift.env,
      args,
      ...(server === undefined ? {} : { port: server.port }),
    });
  /** A server that reads so slowly that one can look at it while it works, on the same data. */
  async function restart(allow: string[], args: string[] = []): Promise<void> {
    await server[Symbol.asyncDispose]();
    server = await begin(allow, args);
  }

  before(async () => {
    mkdirSync(tree, { recursive: true });
    for (const name of ["one", "two", "three", "four"])
      writeFileSync(join(tree, name), mixedBytes(6 * mebibyte, name));
    bucket = await startSwiftBucket();
    server = await begin([bucket.allowed()]);
  });
  after(async () => {
    await server?.[Symbol.asyncDispose]();
    await bucket?.[Symbol.asyncDispose]();
    await work[Symbol.asyncDispose]();
  });

  const spec = (place: string, more: object = {}): Record<string, unknown> => ({
    source: { directory: { path: tree } },
    destination: { bucket: { url: tenantUrl(place) } },
    partSize: "5Mi",
    ...more,
  });
  const remove = async (name: string): Promise<void> => {
    const { status } = await server.api("DELETE", `/namespaces/default/exports/${name}`);
    assert.equal(status, 202);
  };
  const expectNothing = async (place: string): Promise<void> => {
    assert.deepEqual(await bucket.keys(place), []);
    assert.deepEqual(await bucket.uploads(place), []);
  };

  for (const format of ["TarZstd", "Zip", "Files"])
    test(`goes to the last key when an export as ${format} is deleted`, async () => {
      const [place, name] = [freshPlace(), `gone-${format.toLowerCase()}`];
      await createExport(server, name, spec(place, { format }));
      assert.equal(reasonOf(await untilEnded(server, name)), "Completed");
      await bucket.put(`${place}/default/${name}-too/notes.txt`, "another's");
      await remove(name);
      await untilGone(server, name);
      assert.deepEqual(await bucket.keys(place), [`default/${name}-too/notes.txt`]);
      assert.deepEqual(await bucket.uploads(place), []);
    });

  test("stays when that is asked for", async () => {
    const place = freshPlace();
    await createExport(server, "kept", spec(place, { deletionPolicy: "Retain" }));
    await untilEnded(server, "kept");
    await remove("kept");
    await untilGone(server, "kept");
    assert.ok((await bucket.keys(place)).includes("default/kept/manifest.json"));
  });

  test("goes when its time is over", async () => {
    const place = freshPlace();
    await createExport(server, "short", spec(place, { ttlSecondsAfterFinished: 1 }));
    await untilGone(server, "short");
    await expectNothing(place);
  });

  test("of another owner is neither gone on with nor removed", async () => {
    const place = freshPlace();
    const location = s3Location(bucket.swift, `${place}/default`);
    await exportTree([tree, location, "--name", "taken"], [0], { env: bucket.swift.env });
    const before = await bucket.keys(place);
    await createExport(server, "taken", spec(place));
    const ended = await untilEnded(server, "taken");
    assert.equal(reasonOf(ended), "LocationOccupied");
    await remove("taken");
    await untilGone(server, "taken");
    assert.deepEqual(await bucket.keys(place), before);
  });

  test("goes with its upload when the export is cancelled, or deleted, in the middle", async () => {
    await restart([bucket.allowed()], ["--bytes-per-second", "1Mi"]);
    const place = freshPlace();
    // One after the other, as they share the limit: one might be done before the other has sent anything.
    const sends = async (name: string): Promise<void> => {
      await createExport(server, name, spec(place));
      await untilSeen(server, name, "under way", (seen) => partsDone(seen) >= 1);
      assert.equal((await bucket.uploads(`${place}/default/${name}`)).length, 1);
    };
    await sends("canceled");
    const { status } = await server.api("POST", "/namespaces/default/exports/canceled/cancel");
    assert.equal(status, 202);
    const ended = await untilEnded(server, "canceled");
    assert.deepEqual([reasonOf(ended), ended.status?.["location"]], ["Canceled", undefined]);
    await sends("deleted");
    await remove("deleted");
    await untilGone(server, "deleted");
    await expectNothing(place);
    assert.deepEqual(await bucket.uploads(allowedPrefix), []);
  });

  test("that can't be removed is said to stay, until it can or nobody wants that", async () => {
    await restart([bucket.allowed()]);
    const place = freshPlace();
    for (const name of ["waits", "leaves"]) {
      await createExport(server, name, spec(place));
      assert.equal(reasonOf(await untilEnded(server, name)), "Completed");
    }
    // The operator allows another prefix.
    await restart([bucket.allowed().replace("/2026/allowed", "/2026/other")]);
    for (const name of ["waits", "leaves"]) {
      await remove(name);
      const said = await untilSeen(server, name, "said to stay", (seen) =>
        messageOf(seen).includes("could not"),
      );
      assert.match(
        messageOf(said),
        /^the data could not be removed yet: s3:\/\/exports\/\S+ is no place that may be used; deletionPolicy Retain leaves/,
      );
    }
    const patch = { spec: { deletionPolicy: "Retain" } };
    assert.equal((await server.api("PATCH", "/namespaces/default/exports/leaves", patch)).status, 200);
    await untilGone(server, "leaves");
    assert.ok((await bucket.keys(place)).includes("default/waits/manifest.json"));
    await restart([bucket.allowed()]);
    await untilGone(server, "waits");
    const left = await bucket.keys(place);
    assert.ok(left.every((key) => key.startsWith("default/leaves/")));
    assert.ok(left.includes("default/leaves/manifest.json"));
  });

  test("that can't be removed for want of credentials holds up nobody", async () => {
    await createExport(server, "locked", spec(freshPlace()));
    await untilEnded(server, "locked");
    await server[Symbol.asyncDispose]();
    const env = { ...bucket.swift.env, AWS_SECRET_ACCESS_KEY: "another" };
    server = await startServer({
      folder: work.path,
      allow: [work.join("allowed"), bucket.allowed()],
      env,
      port: server.port,
    });
    await remove("locked");
    const said = await untilSeen(server, "locked", "said to stay", (seen) =>
      messageOf(seen).includes("could not"),
    );
    assert.match(messageOf(said), /s3:\/\/exports refuses the signature/);
    await createExport(server, "beside", {
      source: { directory: { path: tree } },
      destination: { directory: { path: work.join("allowed/handover") } },
    });
    assert.equal(reasonOf(await untilEnded(server, "beside")), "Completed");
    await untilReason(server, "locked", "Deleting");
  });
});

const partsDone = (seen: Document | undefined): number =>
  (seen?.status?.["parts"] as { succeeded?: number } | undefined)?.succeeded ?? 0;

const messageOf = (seen: Document | undefined): string =>
  seen?.status?.conditions?.find(({ type }) => type === "Succeeded")?.message ?? "";
