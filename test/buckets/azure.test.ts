/** Exports into a container of Azure's API and out of one, by the command line, against a server that speaks it. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { after, before, suite, test } from "node:test";
import type { ContainerClient } from "@azure/storage-blob";
import { Manifest } from "../../src/domain/manifest.ts";
import { receiptName } from "../../src/domain/part.ts";
import { Receipt } from "../../src/domain/receipt.ts";
import {
  azureEnv,
  azureLocation,
  blocksOf,
  createContainer,
  openAzure,
  openAzureDestination,
} from "../fixtures/azure-containers.ts";
import { freshPrefix, textPayload } from "../fixtures/buckets.ts";
import { digestOf, exportTree } from "../fixtures/exports.ts";
import { makeHostileTree } from "../fixtures/hostile-tree.ts";
import { mixedBytes } from "../fixtures/mixed-bytes.ts";
import { seededRandom, seedOfRun } from "../fixtures/random.ts";
import {
  expectExit,
  expectOneSentence,
  isRoot,
  longshore,
  missingProgram,
  type Result,
  startLongshore,
  temporaryFolder,
} from "../fixtures/run.ts";
import { assertSameTree, listTree, pathsOf } from "../fixtures/tree-listing.ts";
import { type AzureServer, missingAzurite, startAzurite } from "../servers/azurite.ts";

const { signal } = new AbortController();
const skip = missingAzurite();

suite("a container", { skip }, () => {
  let azurite: AzureServer;
  let container: ContainerClient;
  const folder = temporaryFolder();
  const hostile = folder.join("hostile");
  let paths: string[] = [];

  before(async () => {
    azurite = await startAzurite();
    container = await createContainer(azurite);
    await makeHostileTree(hostile);
    paths = pathsOf(hostile);
  });
  after(async () => {
    await azurite?.[Symbol.asyncDispose]();
    await folder[Symbol.asyncDispose]();
  });

  const at = (prefix: string): string => azureLocation(azurite, prefix);
  const env = (): Record<string, string> => azureEnv(azurite);
  const run = (args: string[], more: Record<string, string> = {}): Promise<Result> =>
    longshore(args, { env: { ...env(), ...more }, timeoutMs: 240_000 });
  const exported = (args: string[], codes?: number[]) => exportTree(args, codes, { env: env() });
  const record = async (prefix: string, name: string): Promise<unknown> => {
    const bytes = await openAzureDestination(azurite, prefix).get(name, signal);
    return bytes === undefined ? undefined : JSON.parse(Buffer.from(bytes).toString());
  };
  const manifestAt = async (prefix: string): Promise<Manifest> =>
    Manifest.parse(await record(prefix, "manifest.json"));

  /** Blobs of which the server itself says that they have blocks that nobody has committed. */
  async function uncommitted(prefix: string): Promise<string[]> {
    const found: string[] = [];
    for await (const { name } of container.listBlobsFlat({ prefix, includeUncommitedBlobs: true })) {
      const blocks = await container.getBlockBlobClient(name).getBlockList("uncommitted");
      if ((blocks.uncommittedBlocks?.length ?? 0) > 0) found.push(name);
    }
    return found;
  }

  for (const format of ["tar.zst", "tar", "zip"]) {
    test(`takes a hostile tree as ${format}, in one blob, and gives it back`, async () => {
      await using work = temporaryFolder();
      const prefix = freshPrefix();
      const location = at(`${prefix}/x`);
      const args = [hostile, at(prefix), "--name", "x", "--format", format, "--part-size", "4Mi"];
      const report = await exported(args, format === "zip" ? [3] : [0]);
      assert.equal(report.location, location);
      expectExit(await run(["verify", location]), 0);
      assert.deepEqual(await uncommitted(prefix), []);

      const manifest = await manifestAt(`${prefix}/x`);
      assert.equal(manifest.run.archive?.object, `x.${format}`);
      assert.ok(manifest.parts.length > 10, "small parts are many");

      const lost = format === "zip" ? new Set(unsupported()) : new Set<string>();
      const listed = expectExit(await run(["ls", "--null", location]), 0).stdout.toString("latin1");
      assert.deepEqual(listed.split("\0"), [...paths.filter((path) => !lost.has(path)), ""]);

      expectExit(await run(["extract", location, work.join("out")]), 0);
      const options = {
        times: "microseconds",
        owners: isRoot,
        hardLinks: format !== "zip",
        // A folder's time is that of the last thing that came into it.
        directoryTimes: lost.size === 0,
        leaveOut: (path: string) => lost.has(path),
      } as const;
      assertSameTree(listTree(hostile, options), listTree(work.join("out"), options), `${format} from az`);

      const file = work.join("file");
      expectExit(await run(["download", location, "-o", file]), 0);
      const blob = container.getBlobClient(`${prefix}/x/x.${format}`);
      assert.equal((await blob.getProperties()).contentLength, manifest.run.archive?.size);
      await blob.downloadToFile(work.join("blob"));
      assert.equal(digestOf(file), digestOf(work.join("blob")), "download gives the blob as it is");
      const bytes = await openAzureDestination(azurite, `${prefix}/x`).get("manifest.json", signal);
      writeFileSync(work.join("manifest.json"), bytes ?? "");
      expectExit(await run(["verify", file, "--manifest", work.join("manifest.json")]), 0);
    });
  }

  /** What a zip has no place for. */
  function unsupported(): string[] {
    const special = /^(?:character|block|fifo)$/;
    const found: string[] = [];
    listTree(hostile, { leaveOut: (path, type) => special.test(type) && found.push(path) > 0 });
    return found;
  }

  test("holds the same archive as a folder, byte for byte", async () => {
    await using work = temporaryFolder();
    const prefix = freshPrefix();
    const args = ["--name", "x", "--part-size", "4Mi"];
    await exported([hostile, work.path, ...args]);
    await exported([hostile, at(prefix), ...args]);
    for (const [location, file] of [
      [work.join("x"), work.join("local")],
      [at(`${prefix}/x`), work.join("container")],
    ] as const)
      expectExit(await run(["download", location, "-o", file]), 0);
    assert.equal(digestOf(work.join("container")), digestOf(work.join("local")));
  });

  test("keeps files as blobs that another export takes, and says which names it can't keep", async () => {
    await using work = temporaryFolder();
    const source = work.join("source");
    const files: Record<string, Buffer> = {
      "a/b.csv": mixedBytes(70_000, "b"),
      "a/empty": Buffer.from(""),
      "a/ends with a dot.": Buffer.from("dot"),
      "gr\u00fc\u00dfe %41+#?": Buffer.from("hello"),
      "z/big": mixedBytes(9_000_001, "big"),
    };
    for (const [name, bytes] of Object.entries(files)) {
      mkdirSync(`${source}/${name}`.replace(/\/[^/]*$/, ""), { recursive: true });
      writeFileSync(`${source}/${name}`, bytes);
    }
    const prefix = freshPrefix();
    const first = [source, at(prefix), "--name", "x", "--format", "files", "--part-size", "2Mi"];
    assert.equal((await exported(first)).differences, 0);
    expectExit(await run(["verify", at(`${prefix}/x`)]), 0);

    const again = freshPrefix();
    const report = await exported([at(`${prefix}/x/files/`), at(again), "--name", "y", "--part-size", "2Mi"]);
    assert.deepEqual([report.files, report.differences], [5, 0]);
    expectExit(await run(["verify", at(`${again}/y`)]), 0);
    expectExit(await run(["extract", at(`${again}/y`), work.join("out")]), 0);
    for (const [name, bytes] of Object.entries(files))
      assert.deepEqual(readFileSync(work.join("out", name.replaceAll("%", "%25"))), bytes, name);

    for (const name of ["back\\slash", "new\nline"]) writeFileSync(`${source}/${name}`, "");
    const left = freshPrefix();
    const partly = await exported([source, at(left), "--name", "x", "--format", "files"], [3]);
    assert.deepEqual([partly.files, partly.differences], [5, 2]);
    expectExit(await run(["verify", at(`${left}/x`)]), 0);
  });

  test("says in one sentence what is wrong with a location", async () => {
    await using work = temporaryFolder();
    mkdirSync(work.join("source"));
    const location = at("wrong");
    const cases: [location: string, env: Record<string, string>, message: RegExp][] = [
      [location.replace("account", "acount"), {}, /no parameter acount/],
      [`az://exports/x?sas=${"secret"}`, {}, /no parameter sas.*never from the location/],
      ["az://exports/x", {}, /storage account.*account=NAME/],
      [location, { AZURE_STORAGE_ACCOUNT: "other" }, /credentials in the environment are of other/],
    ];
    for (const [destination, more, message] of cases) {
      const failed = await run(["export", work.join("source"), destination, "--name", "x"], more);
      assert.match(expectOneSentence(expectExit(failed, 1, 2)), message);
    }
  });

  test("keeps its key to itself, even where the cause of an error is asked for", async () => {
    const failed = await run(["verify", at("wrong").replace("exports", "nowhere"), "--verbose"]);
    assert.match(expectExit(failed, 1).stderr, /ContainerNotFound 404/);
    for (const secret of [azurite.accountKey, "SharedKey"]) assert.ok(!failed.stderr.includes(secret));
  });

  test("is reached by a SAS token alone, which is said nowhere", async () => {
    await using work = temporaryFolder();
    mkdirSync(work.join("source"));
    writeFileSync(work.join("source/a"), mixedBytes(3_000_000, "a"));
    const prefix = freshPrefix();
    const { ContainerSASPermissions } = await import("@azure/storage-blob");
    const url = await container.generateSasUrl({
      permissions: ContainerSASPermissions.parse("racwdl"),
      expiresOn: new Date(Date.now() + 600_000),
    });
    const token = new URL(url).search;
    const more = { AZURE_STORAGE_KEY: "", AZURE_STORAGE_SAS_TOKEN: token };
    const result = await run(["export", work.join("source"), at(prefix), "--name", "x", "--json"], more);
    expectExit(result, 0);
    expectExit(await run(["verify", at(`${prefix}/x`)], more), 0);
    const signature = new URLSearchParams(token).get("sig") ?? assert.fail();
    for (const text of [
      result.stdout.toString(),
      result.stderr,
      JSON.stringify(await record(`${prefix}/x`, "plan.json")),
    ])
      assert.ok(!text.includes(signature) && !text.includes(encodeURIComponent(signature)));
  });

  suite("whose export is killed", () => {
    const source = folder.join("source");
    let undisturbed: Manifest;
    let seconds = 0;

    before(async () => {
      mkdirSync(source);
      writeFileSync(`${source}/big`, mixedBytes(60 * 2 ** 20, "big"));
      for (let i = 0; i < 300; i++) writeFileSync(`${source}/${i}`, mixedBytes(i * 300, `${i}`));
      const prefix = freshPrefix();
      ({ seconds } = await exported(argsFor(prefix)));
      undisturbed = await manifestAt(`${prefix}/x`);
      await container.getBlobClient(`${prefix}/x/x.tar.zst`).downloadToFile(folder.join("undisturbed"));
    });

    const argsFor = (prefix: string): string[] => [
      source,
      at(prefix),
      ..."--name x --part-size 4Mi --workers 2".split(" "),
    ];
    const isThere = async (prefix: string, name: string): Promise<boolean> =>
      (await openAzureDestination(azurite, `${prefix}/x`).size(name, signal)) !== undefined;

    async function expectUndisturbed(prefix: string, mayLeaveBlocks = false): Promise<void> {
      const manifest = await manifestAt(`${prefix}/x`);
      assert.equal(manifest.contentDigest, undisturbed.contentDigest);
      await using work = temporaryFolder();
      await container.getBlobClient(`${prefix}/x/x.tar.zst`).downloadToFile(work.join("blob"));
      assert.equal(digestOf(work.join("blob")), digestOf(folder.join("undisturbed")));
      if (!mayLeaveBlocks) assert.deepEqual(await uncommitted(prefix), []);
      const left: string[] = [];
      for await (const { name } of openAzureDestination(azurite, `${prefix}/x`).list("", signal))
        if (/^(?:tmp|attempts|index)\//.test(name)) left.push(name);
      assert.deepEqual(left, []);
      expectExit(await run(["verify", at(`${prefix}/x`)]), 0);
    }

    /** Kills it when `isTime` says so; false where it had ended before. */
    async function killWhen(prefix: string, isTime: () => Promise<boolean>): Promise<boolean> {
      const running = startLongshore(["export", ...argsFor(prefix)], { env: env() });
      let ended = false;
      const done = running.done.finally(() => {
        ended = true;
      });
      while (!ended && !(await isTime())) await sleep(5);
      running.signal("SIGKILL");
      const { signal: by } = await done;
      await untilQuiet(prefix);
      return by === "SIGKILL";
    }

    /** What was on its way when its sender died may still arrive. */
    async function untilQuiet(prefix: string): Promise<void> {
      for (let last = "", now = await blocksBelow(prefix); now !== last;) {
        last = now;
        await sleep(300);
        now = await blocksBelow(prefix);
      }
    }

    async function blocksBelow(prefix: string): Promise<string> {
      const found: unknown[] = [];
      for await (const { name } of container.listBlobsFlat({ prefix, includeUncommitedBlobs: true }))
        found.push(name, (await container.getBlockBlobClient(name).getBlockList("all")).uncommittedBlocks);
      return JSON.stringify(found);
    }

    test("at random instants ends as the same blob, with nothing left beside it", async () => {
      const random = seededRandom(seedOfRun());
      let prefix = freshPrefix();
      for (let kills = 0; kills < 6;) {
        const until = performance.now() + random() * (seconds * 1000 + 200);
        if (await killWhen(prefix, () => Promise.resolve(performance.now() > until))) {
          kills++;
          continue;
        }
        await expectUndisturbed(prefix);
        prefix = freshPrefix();
      }
      await exported(argsFor(prefix));
      await expectUndisturbed(prefix);
    });

    test("between sending a part and its receipt adopts the part", async () => {
      const prefix = freshPrefix();
      assert.ok(await killWhen(prefix, () => isThere(prefix, receiptName(5))));
      const destination = openAzureDestination(azurite, `${prefix}/x`);
      const drafts = new Map<number, Receipt>();
      for await (const { name } of destination.list("receipts/", signal)) {
        const receipt = Receipt.parse(await record(`${prefix}/x`, name));
        const draft = `tmp/${String(receipt.number).padStart(8, "0")}.receipt.json`;
        if (drafts.size === 2 || !(await isThere(prefix, draft))) continue;
        drafts.set(receipt.number, receipt);
        await destination.remove(name, signal);
      }
      assert.equal(drafts.size, 2);
      const report = await exported(argsFor(prefix));
      for (const [number, before] of drafts) {
        const receipt = Receipt.parse(await record(`${prefix}/x`, receiptName(number)));
        assert.ok(receipt.adopted, `part ${number} was packed again`);
        assert.deepEqual(receipt.sent, before.sent);
      }
      assert.ok(report.bytes.redone <= 4 * 8 * 2 ** 20, `${report.bytes.redone} bytes done again`);
      await expectUndisturbed(prefix);
    });

    test("between the completion and the manifest finds its blob", async () => {
      const prefix = freshPrefix();
      const inTime = await killWhen(prefix, () => isThere(prefix, "x.tar.zst"));
      const before = await container.getBlobClient(`${prefix}/x/x.tar.zst`).getProperties();
      if (inTime) assert.equal(await record(`${prefix}/x`, "manifest.json"), undefined);
      await exported(argsFor(prefix));
      const now = await container.getBlobClient(`${prefix}/x/x.tar.zst`).getProperties();
      assert.equal(now.etag, before.etag, "it is not made again");
      await expectUndisturbed(prefix);
    });

    test("and of which a part became another packs that part again", async () => {
      const prefix = freshPrefix();
      assert.ok(await killWhen(prefix, () => isThere(prefix, receiptName(2))));
      const uploads = blocksOf(openAzure(azurite));
      const [upload] = await uploads.uploads(`${prefix}/`, signal);
      assert.ok(upload);
      await uploads.put({ ...upload, number: 3 }, textPayload("other bytes"), signal);
      const result = await run(["export", ...argsFor(prefix), "--json"]);
      assert.match(expectExit(result, 0).stderr, /packed again/);
      await expectUndisturbed(prefix);
    });

    test("and of which all blocks were forgotten packs them again", async () => {
      const prefix = freshPrefix();
      assert.ok(await killWhen(prefix, () => isThere(prefix, receiptName(2))));
      const uploads = blocksOf(openAzure(azurite));
      for (const upload of await uploads.uploads(`${prefix}/`, signal)) await uploads.abort(upload, signal);
      assert.deepEqual(await uncommitted(prefix), []);
      await exported(argsFor(prefix));
      await expectUndisturbed(prefix);
    });

    test("leaves nothing when what there is of it is removed", async () => {
      const prefix = freshPrefix();
      assert.ok(await killWhen(prefix, () => isThere(prefix, receiptName(2))));
      assert.deepEqual(await uncommitted(prefix), [`${prefix}/x/x.tar.zst`]);
      await openAzureDestination(azurite, `${prefix}/x`).removeAll("", signal);
      const left = await Array.fromAsync(container.listBlobsFlat({ prefix, includeUncommitedBlobs: true }));
      assert.deepEqual(
        left.map(({ name }) => name),
        [],
      );
    });

    test("or made by two processes at once ends right, or says which of them must go on", async () => {
      const prefix = freshPrefix();
      const running = [1, 2].map(() => startLongshore(["export", ...argsFor(prefix)], { env: env() }));
      const results = await Promise.all(running.map(({ done }) => done));
      for (const result of results) expectExit(result, 0, 1);
      await exported(argsFor(prefix));
      // Who sends a block while another completes leaves it to Azure, which forgets it after a week.
      await expectUndisturbed(prefix, true);
    });

    test("is read without Longshore", { skip: missingProgram("zstd") }, async () => {
      const listed = spawnSync("sh", [
        "-c",
        'zstd -dcq "$1" | tar -t | wc -l',
        "sh",
        folder.join("undisturbed"),
      ]);
      assert.equal(Number(listed.stdout.toString()), 301);
    });
  });
});
