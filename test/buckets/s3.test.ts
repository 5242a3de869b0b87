/** Exports into a bucket and out of one, by the command line, against a real store: Swift by its S3 API. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, utimesSync, writeFileSync } from "node:fs";
import { after, before, suite, test } from "node:test";
import { Manifest } from "../../src/domain/manifest.ts";
import {
  freshPrefix,
  openBucket,
  openStore,
  s3Location,
  testBucket,
  textPayload,
} from "../fixtures/buckets.ts";
import { contentOf, exportTree } from "../fixtures/exports.ts";
import { makeHostileTree } from "../fixtures/hostile-tree.ts";
import { mixedBytes } from "../fixtures/mixed-bytes.ts";
import {
  expectExit,
  expectOneSentence,
  isRoot,
  longshore,
  missingProgram,
  type Result,
  temporaryFolder,
} from "../fixtures/run.ts";
import { assertSameTree, listTree, pathsOf } from "../fixtures/tree-listing.ts";
import { startFaultProxy } from "../servers/fault-proxy.ts";
import { missingSwift, type S3Server, startSwift } from "../servers/swift.ts";

const { signal } = new AbortController();
const skip = missingSwift();

suite("a bucket", { skip }, () => {
  let swift: S3Server;
  const folder = temporaryFolder();
  const hostile = folder.join("hostile");
  let paths: string[] = [];

  before(async () => {
    swift = await startSwift();
    await swift.createBucket(testBucket);
    await makeHostileTree(hostile);
    paths = pathsOf(hostile);
  });
  after(async () => {
    await swift?.[Symbol.asyncDispose]();
    await folder[Symbol.asyncDispose]();
  });

  const run = (args: string[], env: Record<string, string> = {}): Promise<Result> =>
    longshore(args, { env: { ...swift.env, ...env }, timeoutMs: 240_000 });
  const exported = (args: string[], codes?: number[]) => exportTree(args, codes, { env: swift.env });
  const manifestAt = async (prefix: string): Promise<Manifest> => {
    const bytes = await openBucket(swift, prefix).get("manifest.json", signal);
    return Manifest.parse(JSON.parse(Buffer.from(bytes ?? []).toString()));
  };
  const uploadsLeft = async (prefix: string): Promise<number> =>
    (await openStore(swift, s3Location(swift, prefix)).multipart?.uploads(`${prefix}/`, signal))?.length ??
    -1;

  const formats: [format: string, partSize: string][] = [
    ["tar.zst", "4Mi"],
    ["tar.gz", "32Mi"],
    ["tar", "32Mi"],
    ["zip", "32Mi"],
    ["files", "32Mi"],
  ];
  for (const [format, partSize] of formats) {
    test(`takes a hostile tree as ${format} and gives it back`, async () => {
      await using work = temporaryFolder();
      const prefix = freshPrefix();
      const location = s3Location(swift, `${prefix}/x`);
      const isWhole = format !== "files";
      const args = [
        hostile,
        s3Location(swift, prefix),
        "--name",
        "x",
        "--format",
        format,
        "--part-size",
        partSize,
      ];
      const report = await exported(args, isWhole && format !== "zip" ? [0] : [0, 3]);
      assert.equal(report.location, location);
      expectExit(await run(["verify", location]), 0);
      assert.equal(await uploadsLeft(prefix), 0);

      const isOneObject = format === "tar.zst" || format === "tar.gz";
      const manifest = await manifestAt(`${prefix}/x`);
      assert.equal(manifest.run.archive?.object, isOneObject ? `x.${format}` : undefined);

      const left = await leftOut(prefix, report.differences);
      const listed = expectExit(await run(["ls", "--null", location]), 0)
        .stdout.toString("latin1")
        .split("\0");
      assert.deepEqual(listed, [...paths.filter((path) => !left.has(path)), ""]);

      expectExit(await run(["extract", location, work.join("out")]), 0);
      const options = {
        times: "microseconds",
        owners: isRoot,
        hardLinks: format !== "zip",
        // A folder's time is that of the last thing that came into it.
        directoryTimes: left.size === 0,
        leaveOut: (path: string) => left.has(path) || left.has(`${path}/`),
      } as const;
      assertSameTree(
        listTree(hostile, options),
        listTree(work.join("out"), options),
        `${format} from a bucket`,
      );

      if (!isWhole) return;
      expectExit(await run(["download", location, "-o", work.join("file")]), 0);
      assert.equal(digestOf(work.join("file")), await digestOfArchive(manifest, `${prefix}/x`));
      const manifestFile = work.join("manifest.json");
      writeFileSync(
        manifestFile,
        (await openBucket(swift, `${prefix}/x`).get("manifest.json", signal)) ?? "",
      );
      expectExit(await run(["verify", work.join("file"), "--manifest", manifestFile]), 0);
    });
  }

  /** Paths that the export says it does not hold. */
  async function leftOut(prefix: string, differences: number): Promise<Set<string>> {
    if (differences === 0) return new Set();
    const bytes = await openBucket(swift, `${prefix}/x`).get("differences.jsonl", signal);
    const lines = Buffer.from(bytes ?? [])
      .toString()
      .split("\n")
      .slice(0, -1);
    const found = lines.map(
      (line) => JSON.parse(line) as { path?: string; pathBase64?: string; difference: string },
    );
    assert.ok(found.every(({ difference }) => difference === "unsupported"));
    return new Set(
      found.map(({ path, pathBase64 }) =>
        pathBase64 === undefined ? Buffer.from(path ?? "").toString("latin1") : atob(pathBase64),
      ),
    );
  }

  async function digestOfArchive(manifest: Manifest, prefix: string): Promise<string> {
    const hash = createHash("sha256");
    const objects = manifest.run.archive === undefined ? manifest.parts : [manifest.run.archive];
    const destination = openBucket(swift, prefix);
    for (const { object, size } of objects)
      for await (const chunk of destination.read(object, { offset: 0, length: size }, signal))
        hash.update(chunk);
    return hash.digest("hex");
  }

  test("holds, decompressed, the same archive as a folder", { skip: missingProgram("zstd") }, async () => {
    await using work = temporaryFolder();
    const prefix = freshPrefix();
    const args = ["--name", "x", "--part-size", "16Mi"];
    await exported([hostile, work.path, ...args]);
    await exported([hostile, s3Location(swift, prefix), ...args]);
    const content = (file: string): string => {
      const { status, stdout } = spawnSync("sh", ["-c", 'zstd -dcq "$1" | sha256sum', "sh", file]);
      assert.equal(status, 0);
      return stdout.toString();
    };
    expectExit(await run(["download", work.join("x"), "-o", work.join("local")]), 0);
    expectExit(await run(["download", s3Location(swift, `${prefix}/x`), "-o", work.join("bucket")]), 0);
    assert.equal(content(work.join("bucket")), content(work.join("local")));
    const local = Manifest.parse(JSON.parse(readFileSync(work.join("x/manifest.json"), "utf8")));
    const stored = await manifestAt(`${prefix}/x`);
    assert.deepEqual(
      stored.parts.map(({ key }) => key),
      local.parts.map(({ key }) => key),
    );
    const tail = stored.parts.length - 1;
    assert.ok(stored.parts.every(({ size, number }) => size >= 5 * 2 ** 20 || number === tail));
  });

  test("gives its objects to another bucket and to a folder", async () => {
    await using work = temporaryFolder();
    const source = freshPrefix();
    const store = openStore(swift, s3Location(swift, source));
    const files: Record<string, Buffer> = {
      "a/b.csv": mixedBytes(70_000, "b"),
      "a/empty": Buffer.from(""),
      "gr\u00fc\u00dfe": Buffer.from("hello"),
      "z/big": mixedBytes(9_000_001, "big"),
    };
    for (const [name, bytes] of Object.entries(files))
      await store.put(`${source}/${name}`, textPayload(bytes), signal);
    await store.put(`${source}/odd//name`, textPayload("x"), signal);
    const prefix = freshPrefix();
    for (const destination of [s3Location(swift, prefix), work.path]) {
      const args = [s3Location(swift, source), destination, "--name", "x", "--part-size", "2Mi"];
      const report = await exported(args, [3]);
      assert.deepEqual([report.files, report.differences], [4, 1]);
      assert.ok(report.parts.total > 3, "the big object is read in pieces");
      const location = destination === work.path ? work.join("x") : s3Location(swift, `${prefix}/x`);
      expectExit(await run(["verify", location]), 0);
      const out = work.join(destination === work.path ? "folder" : "bucket");
      expectExit(await run(["extract", location, out]), 0);
      for (const [name, bytes] of Object.entries(files))
        assert.deepEqual(readFileSync(`${out}/${name}`), bytes);
      const again = await exported(args, [3]);
      assert.equal(again.manifestDigest, report.manifestDigest, "a finished export stays as it is");
    }
  });

  test("takes parts over from a folder, from a bucket, and gives them back", async () => {
    await using work = temporaryFolder();
    const source = await settledSource(work.join("source"), 40, 300_000);
    const prefix = freshPrefix();
    const bucket = s3Location(swift, prefix);
    const common = ["--part-size", "2Mi"];
    const named = (destination: string, name: string, previous?: string): string[] => [
      source,
      destination,
      "--name",
      name,
      ...common,
      ...(previous === undefined ? [] : ["--previous", previous]),
    ];
    const fresh = await exported(named(work.path, "fresh"));
    const stored = await exported(named(bucket, "stored", work.join("fresh")));
    const again = await exported(named(bucket, "again", s3Location(swift, `${prefix}/stored`)));
    const back = await exported(named(work.path, "back", s3Location(swift, `${prefix}/again`)));
    for (const report of [stored, again, back]) assert.equal(report.parts.reused, fresh.parts.total - 1);
    const [first, second] = [await manifestAt(`${prefix}/stored`), await manifestAt(`${prefix}/again`)];
    assert.equal(first.contentDigest, second.contentDigest);
    assert.equal(first.run.archive?.etag, second.run.archive?.etag);
    assert.deepEqual(contentOf(work.join("back")), contentOf(work.join("fresh")));
    for (const location of [work.join("back"), s3Location(swift, `${prefix}/again`)])
      expectExit(await run(["verify", location]), 0);
  });

  test("takes parts over from another export there without moving their bytes", async () => {
    await using work = temporaryFolder();
    const source = await settledSource(work.join("source"), 4, 8 * 2 ** 20);
    const asked: { what: string; isCopy: boolean }[] = [];
    await using proxy = await startFaultProxy(swift.endpoint, ({ method, path, headers }) => {
      const isCopy = headers["x-amz-copy-source"] !== undefined;
      const isCut = isCopy && asked.filter((one) => one.isCopy).length === 1;
      asked.push({ what: `${method} ${path}`, isCopy });
      return isCut ? { how: "lose" } : { how: "pass" };
    });
    const prefix = freshPrefix();
    const location = s3Location({ ...swift, endpoint: proxy.origin }, prefix);
    const args = (name: string): string[] => [source, location, "--name", name, "--part-size", "8Mi"];
    await exported(args("monday"));
    const before = asked.length;
    const tuesday = await exported([
      ...args("tuesday"),
      "--previous",
      s3Location({ ...swift, endpoint: proxy.origin }, `${prefix}/monday`),
    ]);
    const since = asked.slice(before);
    assert.equal(tuesday.parts.reused, tuesday.parts.total - 1);
    assert.equal(
      since.filter(({ isCopy }) => isCopy).length,
      tuesday.parts.reused + 1,
      "one answer was lost",
    );
    assert.deepEqual(
      since.filter(({ what }) => /^GET .*monday\.tar\.zst/.test(what)),
      [],
    );
    const sent = since.filter(({ what, isCopy }) => !isCopy && /^PUT .*partNumber=/.test(what));
    assert.equal(sent.length, 1, "the tail alone is sent");
    const [first, second] = [await manifestAt(`${prefix}/monday`), await manifestAt(`${prefix}/tuesday`)];
    assert.equal(first.contentDigest, second.contentDigest);
    assert.equal(first.run.archive?.etag, second.run.archive?.etag);
    expectExit(await run(["verify", s3Location(swift, `${prefix}/tuesday`)]), 0);
  });

  test("packs again what the store's copy does not prove", async () => {
    await using work = temporaryFolder();
    const source = await settledSource(work.join("source"), 3, 6 * 2 ** 20);
    const prefix = freshPrefix();
    const args = (name: string): string[] => [
      source,
      s3Location(swift, prefix),
      ..."--part-size 6Mi --name".split(" "),
      name,
    ];
    const monday = await exported(args("monday"));
    const store = openStore(swift, s3Location(swift, `${prefix}/monday`));
    const key = `${prefix}/monday/monday.tar.zst`;
    const found = await store.get(key, { offset: 0, length: 2 ** 30 }, signal);
    assert.ok(found !== undefined && found !== "changed");
    const damaged = Buffer.concat(await Array.fromAsync(found.bytes));
    damaged[1_000_000] = (damaged[1_000_000] ?? 0) ^ 1;
    await store.put(key, textPayload(damaged), signal);
    const tuesday = await exported([...args("tuesday"), "--previous", s3Location(swift, `${prefix}/monday`)]);
    assert.ok(tuesday.parts.reused > 0 && tuesday.parts.reused < monday.parts.total - 1, "one is damaged");
    expectExit(await run(["verify", s3Location(swift, `${prefix}/tuesday`)]), 0);
  });

  test("is no place for an export of itself", async () => {
    const prefix = freshPrefix();
    const store = openStore(swift, s3Location(swift, prefix));
    await store.put(`${prefix}/a`, textPayload("a"), signal);
    const place = s3Location(swift, prefix);
    const refused = expectExit(await run(["export", place, place, "--name", "x"]), 2);
    assert.match(expectOneSentence(refused), /inside its source/);
  });

  test("takes no secret in a location, and no parameter that it does not know", async () => {
    const location = s3Location(swift, "wrong");
    const cases: [location: string, message: RegExp][] = [
      [location.replace("region", "regoin"), /no parameter regoin/],
      [`s3://key:${"secret"}@bucket/x`, /carries a user or a key.*never from the location/],
    ];
    for (const [destination, message] of cases) {
      const said = expectOneSentence(
        expectExit(await run(["export", hostile, destination, "--name", "x"]), 2),
      );
      assert.match(said, message);
      assert.doesNotMatch(said, /secret@/);
    }
  });
});

/** Files that are old enough to be taken over: what was changed within two seconds is not. */
async function settledSource(folder: string, files: number, size: number): Promise<string> {
  mkdirSync(folder);
  for (let i = 0; i < files; i++) {
    writeFileSync(`${folder}/${i}`, mixedBytes(size, `${size} ${i}`));
    utimesSync(`${folder}/${i}`, 1_700_000_000, 1_700_000_000);
  }
  // The time of a change of the file's own record can't be set.
  await new Promise((wake) => setTimeout(wake, 2500));
  return folder;
}

const digestOf = (file: string): string => createHash("sha256").update(readFileSync(file)).digest("hex");
