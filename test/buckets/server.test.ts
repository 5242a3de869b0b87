/** Exports between folders and buckets through REST, against a real store: Swift by its S3 API. */
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { openStore, s3Location, testBucket } from "../fixtures/buckets.ts";
import { expectVerified } from "../fixtures/exports.ts";
import { mixedBytes } from "../fixtures/mixed-bytes.ts";
import { expectExit, temporaryFolder } from "../fixtures/run.ts";
import {
  createExport,
  type Document,
  getExport,
  reasonOf,
  type RunningServer,
  startServer,
  untilEnded,
  untilSeen,
} from "../fixtures/server.ts";
import { assertSameTree, listTree } from "../fixtures/tree-listing.ts";
import { missingSwift } from "../servers/swift.ts";
import {
  allowedPrefix,
  freshPlace,
  readiness,
  startSwiftBucket,
  type SwiftBucket,
  tenantUrl,
} from "./served-bucket.ts";

const mebibyte = 2 ** 20;
const skip = missingSwift();

suite("a server with a bucket", { skip }, () => {
  const work = temporaryFolder();
  const tree = work.join("allowed/tree");
  let bucket: SwiftBucket;
  let server: RunningServer;

  const begin = (more: { port?: number; args?: string[] } = {}): Promise<RunningServer> =>
    startServer({
      folder: work.path,
      allow: [work.join("allowed"), bucket.allowed()],
      env: bucket.swift.env,
      ...more,
    });

  before(async () => {
    mkdirSync(join(tree, "deep"), { recursive: true });
    for (const [name, size] of [
      ["one", 9 * mebibyte],
      ["gr\u00fc\u00dfe", 100],
      ["deep/three", 3 * mebibyte],
      ["deep/empty", 0],
    ] as const)
      writeFileSync(join(tree, name), mixedBytes(size, name));
    bucket = await startSwiftBucket();
    server = await begin();
  });
  after(async () => {
    await server?.[Symbol.asyncDispose]();
    await bucket?.[Symbol.asyncDispose]();
    await work[Symbol.asyncDispose]();
  });

  async function succeeded(name: string, spec: Record<string, unknown>): Promise<Document> {
    await createExport(server, name, { partSize: "5Mi", ...spec });
    const ended = await untilEnded(server, name);
    assert.equal(reasonOf(ended), "Completed", JSON.stringify(ended.status));
    return ended;
  }

  /** Objects have no modes, owners and times of their own. */
  const contents = { times: "none", modes: false, owners: false } as const;
  const expectTree = (folder: string): void =>
    assertSameTree(listTree(tree, contents), listTree(folder, contents), folder);

  test("finds its destination ready, and puts a folder there", async () => {
    const place = freshPlace();
    const ready = await readiness(server, "far", tenantUrl(place));
    assert.deepEqual([ready.status, ready.reason], ["True", "Reachable"], ready.message);
    const ended = await succeeded("to-bucket", {
      source: { directory: { path: tree } },
      destination: { name: "far" },
    });
    assert.equal(ended.status?.["location"], tenantUrl(`${place}/default/to-bucket`));
    const keys = await bucket.keys(`${place}/default/to-bucket`);
    assert.ok(keys.includes("to-bucket.tar.zst") && keys.includes("manifest.json"), keys.join(" "));
    assert.deepEqual(await bucket.uploads(allowedPrefix), []);
    await bucket.extract(`${place}/default/to-bucket`, work.join("from-bucket"));
    const { archive } = ended.status as { archive: { etag: string } };
    const key = `${place}/default/to-bucket/to-bucket.tar.zst`;
    const stored = await openStore(bucket.swift, s3Location(bucket.swift, place)).head(
      key,
      AbortSignal.timeout(10_000),
    );
    assert.equal(archive.etag, stored?.etag);
    expectTree(work.join("from-bucket"));
  });

  test("shows nothing of how the bucket is reached, in no document and no record", async () => {
    const { port } = new URL(bucket.swift.endpoint);
    const paths = ["exports", "destinations", "exports/to-bucket/manifest", "exports/to-bucket/files"];
    for (const path of paths) {
      const { status, body } = await server.api("GET", `/namespaces/default/${path}`);
      assert.equal(status, 200, path);
      const text = typeof body === "string" ? body : JSON.stringify(body);
      for (const secret of [`127.0.0.1:${port}`, "endpoint", "Signature", "forcePathStyle"])
        assert.ok(!text.includes(secret), `${path} has ${secret}: ${text}`);
    }
    assert.doesNotMatch(server.output(), /Signature|testing/);
  });

  test("takes a bucket out into a folder", async () => {
    const place = freshPlace();
    const spec = {
      source: { directory: { path: tree } },
      destination: { bucket: { url: tenantUrl(place) } },
      format: "Files",
    };
    await succeeded("as-files", spec);
    await succeeded("to-folder", {
      source: { bucket: { url: tenantUrl(`${place}/default/as-files/files/`) } },
      destination: { directory: { path: work.join("allowed/handover") } },
    });
    const location = work.join("allowed/handover/default/to-folder");
    await expectVerified(location);
    expectExit(await bucket.run(["extract", location, work.join("from-folder")]), 0);
    expectTree(work.join("from-folder"));
  });

  test("takes a bucket out into a bucket, and the same again reuses what is unchanged", async () => {
    const [from, to] = [freshPlace(), freshPlace()];
    for (const name of ["a/one", "a/two", "b"])
      await bucket.put(`${from}/${name}`, mixedBytes(6 * mebibyte, name));
    const spec = {
      source: { bucket: { url: tenantUrl(from) } },
      destination: { bucket: { url: tenantUrl(to) } },
    };
    // What changed within two seconds before it was planned is never taken over, and a store's times can't be set.
    await setTimeout(3000);
    const first = await succeeded("monday", spec);
    assert.equal(first.status?.["files"], 3);
    await bucket.extract(`${to}/default/monday`, work.join("monday"));
    const second = await succeeded("tuesday", { ...spec, previous: { name: "monday" } });
    const { total, reused } = (second.status?.["parts"] ?? {}) as { total: number; reused: number };
    assert.ok(reused > 0 && reused >= total - 1, `${reused} of ${total}`);
    await bucket.extract(`${to}/default/tuesday`, work.join("tuesday"));
    assertSameTree(
      listTree(work.join("monday"), contents),
      listTree(work.join("tuesday"), contents),
      "tuesday",
    );
  });

  test("goes on after kill -9 with what was sent, and leaves no upload", async () => {
    const place = freshPlace();
    const source = work.join("allowed/large");
    mkdirSync(source);
    for (let i = 0; i < 8; i++) writeFileSync(join(source, `${i}`), mixedBytes(6 * mebibyte, `large ${i}`));
    await server.kill();
    const { port } = server;
    server = await begin({ port, args: ["--bytes-per-second", "6Mi", "--workers", "2"] });
    await createExport(server, "killed", {
      source: { directory: { path: source } },
      destination: { bucket: { url: tenantUrl(place) } },
      partSize: "5Mi",
    });
    const cut = await untilSeen(server, "killed", "half done", (seen) => partsDone(seen) >= 2);
    assert.equal((await bucket.uploads(place)).length, 1);
    await server.kill();
    assert.ok((await bucket.uploads(place)).length === 1, "its parts are kept");
    server = await begin({ port });
    const ended = await untilEnded(server, "killed");
    assert.equal(reasonOf(ended), "Completed", JSON.stringify(ended.status));
    assert.equal(ended.metadata.uid, cut?.metadata.uid);
    const { source: all, redone } = (ended.status?.["bytes"] ?? {}) as { source: number; redone: number };
    assert.ok(redone < all / 2, `${redone} of ${all} bytes were done again`);
    assert.deepEqual(await bucket.uploads(place), []);
    await bucket.extract(`${place}/default/killed`, work.join("killed"));
    assertSameTree(listTree(source, contents), listTree(work.join("killed"), contents), "killed");
  });

  test("refuses an export inside another, and one that lies where others' data is", async () => {
    const place = freshPlace();
    const source = { directory: { path: tree } };
    await succeeded("outer", { source, destination: { bucket: { url: tenantUrl(place) } } });
    const inside = tenantUrl(`${place}/default/outer/files`);
    await createExport(server, "inner", { source, destination: { bucket: { url: inside } } });
    const inner = await untilEnded(server, "inner");
    assert.equal(reasonOf(inner), "LocationOccupied");
    await bucket.put(`${place}/default/busy/notes.txt`, "mine");
    await createExport(server, "busy", { source, destination: { bucket: { url: tenantUrl(place) } } });
    assert.equal(reasonOf(await untilEnded(server, "busy")), "LocationOccupied");
    assert.deepEqual(await bucket.keys(`${place}/default/busy`), ["notes.txt"]);
  });

  test("does what the command line asks", async () => {
    const place = freshPlace();
    const url = tenantUrl(place);
    const created = await server.cli(["create", "destination", "by-cli", "--bucket", url]);
    assert.equal(expectExit(created, 0).stdout.toString(), "destination/by-cli created\n");
    const argv = ["create", "export", "by-cli", "--source", tree, "--destination", url, "--wait"];
    expectExit(await server.cli(argv), 0);
    const { spec, status } = await getExport(server, "by-cli");
    assert.deepEqual(spec["destination"], { bucket: { url } });
    const described = expectExit(await server.cli(["describe", "export", "by-cli"]), 0).stdout.toString();
    assert.match(described, new RegExp(`^Destination: +${url}$`, "m"));
    assert.match(described, new RegExp(`^Location: +s3://${testBucket}/${place}/default/by-cli$`, "m"));
    assert.equal(status?.["location"], `${url}/default/by-cli`);
  });
});

const partsDone = (seen: Document | undefined): number =>
  (seen?.status?.["parts"] as { succeeded?: number } | undefined)?.succeeded ?? 0;
