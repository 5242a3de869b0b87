/**
 * Exports into Google's buckets and out of them, by the command line, against the tests' server of the JSON API: which proves
 * them against our reading of Google's documentation, and not against Google.
 */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { after, before, suite, test } from "node:test";
import { Manifest } from "../../src/domain/manifest.ts";
import { receiptName } from "../../src/domain/part.ts";
import { freshPrefix, testBucket, textPayload } from "../fixtures/buckets.ts";
import { exportTree } from "../fixtures/exports.ts";
import { gcsLocation, openGcs, openGcsDestination, uploadsOf } from "../fixtures/gcs-buckets.ts";
import { makeHostileTree } from "../fixtures/hostile-tree.ts";
import { mixedBytes } from "../fixtures/mixed-bytes.ts";
import { seededRandom, seedOfRun } from "../fixtures/random.ts";
import {
  expectExit,
  expectOneSentence,
  isRoot,
  longshore,
  type Result,
  startLongshore,
  temporaryFolder,
} from "../fixtures/run.ts";
import { assertSameTree, listTree, pathsOf } from "../fixtures/tree-listing.ts";
import { type GcsServer, startGcs } from "../servers/gcs.ts";

const { signal } = new AbortController();

suite("a bucket of Google's", () => {
  let server: GcsServer;
  const folder = temporaryFolder();
  const [hostile, tree] = [folder.join("hostile"), folder.join("tree")];
  let paths: string[] = [];
  let undisturbed: Manifest;
  let undisturbedDigest: string;

  before(async () => {
    server = await startGcs();
    server.createBucket(testBucket);
    await makeHostileTree(hostile);
    paths = pathsOf(hostile);
    mkdirSync(tree);
    writeFileSync(`${tree}/big`, mixedBytes(40 * 2 ** 20, "big"));
    for (let i = 0; i < 300; i++) writeFileSync(`${tree}/${i}`, mixedBytes(i * 300, `${i}`));
    const prefix = freshPrefix();
    await exported(argsFor(prefix));
    undisturbed = await manifestAt(prefix);
    undisturbedDigest = await digestOfObject(`${prefix}/x/x.tar.zst`);
  });
  after(async () => {
    await server?.[Symbol.asyncDispose]();
    await folder[Symbol.asyncDispose]();
  });

  const location = (prefix: string): string => gcsLocation(server, prefix);
  const run = (args: string[], env: Record<string, string> = {}): Promise<Result> =>
    longshore(args, { env: { ...server.env, ...env }, timeoutMs: 240_000 });
  const exported = (args: string[], codes?: number[]) => exportTree(args, codes, { env: server.env });
  const argsFor = (prefix: string): string[] => [
    tree,
    location(prefix),
    ..."--name x --part-size 1Mi --workers 2".split(" "),
  ];
  const record = (prefix: string, name: string): Promise<Uint8Array | undefined> =>
    openGcsDestination(server, `${prefix}/x`).get(name, signal);
  const manifestAt = async (prefix: string): Promise<Manifest> =>
    Manifest.parse(JSON.parse(Buffer.from((await record(prefix, "manifest.json")) ?? []).toString()));
  const namesBelow = (prefix: string): string[] =>
    server
      .objects(testBucket)
      .map(({ name }) => name)
      .filter((name) => name.startsWith(`${prefix}/`));

  async function digestOfObject(name: string): Promise<string> {
    const object = server.objects(testBucket).find((found) => found.name === name) ?? assert.fail(name);
    const hash = createHash("sha256");
    for await (const chunk of server.contentOf(object)) hash.update(chunk);
    return hash.digest("hex");
  }

  async function expectUndisturbed(prefix: string): Promise<void> {
    const manifest = await manifestAt(prefix);
    assert.equal(manifest.contentDigest, undisturbed.contentDigest);
    assert.equal(await digestOfObject(`${prefix}/x/x.tar.zst`), undisturbedDigest, "byte for byte");
    const left = namesBelow(prefix).filter((name) =>
      /longshore-parts|\/x\/(?:tmp|attempts|index)\//.test(name),
    );
    assert.deepEqual(left, []);
    expectExit(await run(["verify", location(`${prefix}/x`)]), 0);
  }

  const formats: [format: string, partSize: string][] = [
    ["tar.zst", "1Mi"],
    ["tar.gz", "32Mi"],
    ["tar", "1Mi"],
    ["zip", "4Mi"],
    ["files", "32Mi"],
  ];
  for (const [format, partSize] of formats)
    test(`takes a hostile tree as ${format} and gives it back`, async () => {
      await using work = temporaryFolder();
      const prefix = freshPrefix();
      const place = location(`${prefix}/x`);
      const args = [hostile, location(prefix), "--name", "x", "--format", format, "--part-size", partSize];
      const report = await exported(args, [0, 3]);
      assert.equal(report.location, place);
      expectExit(await run(["verify", place]), 0);
      const manifest = await manifestAt(prefix);
      const isOneObject = manifest.run.archive !== undefined;
      assert.equal(isOneObject, format !== "files", "no part is too small for it");
      if (format === "tar.zst") assert.ok(manifest.parts.length > 32, "it takes more than one compose");
      assert.deepEqual(
        namesBelow(prefix).filter((name) => name.includes("longshore-parts")),
        [],
      );

      const left = await leftOut(prefix, report.differences);
      const listed = expectExit(await run(["ls", "--null", place]), 0).stdout.toString("latin1");
      assert.deepEqual(listed.split("\0"), [...paths.filter((path) => !left.has(path)), ""]);
      expectExit(await run(["extract", place, work.join("out")]), 0);
      const options = {
        times: "microseconds",
        owners: isRoot,
        hardLinks: format !== "zip",
        // A folder's time is that of the last thing that came into it.
        directoryTimes: left.size === 0,
        leaveOut: (path: string) => left.has(path) || left.has(`${path}/`),
      } as const;
      assertSameTree(listTree(hostile, options), listTree(work.join("out"), options), `${format} from gs://`);

      if (!isOneObject) return;
      expectExit(await run(["download", place, "-o", work.join("file")]), 0);
      const digest = createHash("sha256")
        .update(readFileSync(work.join("file")))
        .digest("hex");
      assert.equal(digest, await digestOfObject(`${prefix}/x/x.${format}`));
    });

  /** Paths that the export says it does not hold. */
  async function leftOut(prefix: string, differences: number): Promise<Set<string>> {
    if (differences === 0) return new Set();
    const lines = Buffer.from((await record(prefix, "differences.jsonl")) ?? []).toString();
    const found = lines
      .split("\n")
      .slice(0, -1)
      .map((line) => JSON.parse(line) as { path?: string; pathBase64?: string; difference: string });
    assert.ok(found.every(({ difference }) => difference === "unsupported"));
    return new Set(
      found.map(({ path, pathBase64 }) =>
        pathBase64 === undefined ? Buffer.from(path ?? "").toString("latin1") : atob(pathBase64),
      ),
    );
  }

  test("gives its objects to another bucket and to a folder", async () => {
    await using work = temporaryFolder();
    const source = freshPrefix();
    const files: Record<string, Buffer> = {
      "a/b.csv": mixedBytes(70_000, "b"),
      "a/empty": Buffer.from(""),
      "gr\u00fc\u00dfe": Buffer.from("hello"),
      "tab\tand line\nfeed": Buffer.from("odd"),
      "z/big": mixedBytes(9_000_001, "big"),
    };
    for (const [name, bytes] of Object.entries(files))
      await openGcs(server).put(`${source}/${name}`, textPayload(bytes), signal);
    const prefix = freshPrefix();
    for (const destination of [location(prefix), work.path]) {
      const args = [location(source), destination, "--name", "x", "--part-size", "2Mi"];
      const report = await exported(args);
      assert.deepEqual([report.files, report.differences], [5, 0]);
      const place = destination === work.path ? work.join("x") : location(`${prefix}/x`);
      expectExit(await run(["verify", place]), 0);
      const out = work.join(destination === work.path ? "folder" : "bucket");
      expectExit(await run(["extract", place, out]), 0);
      for (const [name, bytes] of Object.entries(files))
        assert.deepEqual(readFileSync(`${out}/${name}`), bytes);
    }
  });

  /** Kills it when `isTime` says so; false where it had ended before. */
  async function killWhen(prefix: string, isTime: () => boolean): Promise<boolean> {
    const running = startLongshore(["export", ...argsFor(prefix)], { env: server.env });
    let ended = false;
    const done = running.done.finally(() => {
      ended = true;
    });
    while (!ended && !isTime()) await sleep(2);
    running.signal("SIGKILL");
    return (await done).signal === "SIGKILL";
  }

  test("killed at random instants, an export is resumed to the same object", async (t) => {
    const random = seededRandom(seedOfRun());
    let kills = 0;
    for (let round = 0; round < 3; round++) {
      const prefix = freshPrefix();
      for (const longest of [1500, 3000, 4500]) {
        const until = performance.now() + random() * longest;
        if (await killWhen(prefix, () => performance.now() > until)) kills++;
      }
      await exported(argsFor(prefix));
      await expectUndisturbed(prefix);
    }
    t.diagnostic(`${kills} kills`);
    assert.ok(kills > 0);
  });

  const moments: [what: string, isTime: (names: readonly string[]) => boolean][] = [
    ["with a few parts sent", (names) => names.filter((name) => /\/p\d{5}$/.test(name)).length > 5],
    ["with parts joined on the way", (names) => names.some((name) => /\/j[0-9a-f]{32}$/.test(name))],
    ["between the object and the manifest", (names) => names.some((name) => name.endsWith("/x.tar.zst"))],
  ];
  for (const [what, isTime] of moments)
    test(`killed ${what}, it goes on there`, async () => {
      const prefix = freshPrefix();
      assert.ok(await killWhen(prefix, () => isTime(namesBelow(prefix))), "it had ended before");
      const before = namesBelow(prefix).filter((name) => /\/receipts\//.test(name)).length;
      const report = await exported(argsFor(prefix));
      assert.ok(report.bytes.redone <= 2 * 2 * 2 ** 20, `${report.bytes.redone} bytes done again`);
      assert.ok(before <= report.parts.total + 1);
      await expectUndisturbed(prefix);
    });

  test("packs again what the bucket no longer has as it was sent", async () => {
    const prefix = freshPrefix();
    const isThere = (name: string): boolean => namesBelow(prefix).includes(`${prefix}/x/${name}`);
    assert.ok(await killWhen(prefix, () => isThere(receiptName(2))));
    const uploads = uploadsOf(openGcs(server));
    const [upload] = await uploads.uploads(`${prefix}/`, signal);
    await uploads.put({ ...(upload ?? assert.fail()), number: 3 }, textPayload("other"), signal);
    await exported(argsFor(prefix));
    await expectUndisturbed(prefix);
  });

  test("takes no secret in a location", async () => {
    const place = `${location("wrong")}&token=secret`;
    const said = expectOneSentence(expectExit(await run(["export", tree, place, "--name", "x"]), 2));
    assert.match(said, /no parameter token.*never from the location/);
    assert.doesNotMatch(said, /secret/);
  });
});
