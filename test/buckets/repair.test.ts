/** `export --repair` of archives that are one object: what is right is sent again out of the old object, the rest packed again. */
import assert from "node:assert/strict";
import { mkdirSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { after, before, suite, test } from "node:test";
import { Manifest } from "../../src/domain/manifest.ts";
import type { Destination } from "../../src/domain/ports/destination.ts";
import type { ObjectStore } from "../../src/domain/ports/object-store.ts";
import {
  azureEnv,
  azureLocation,
  createContainer,
  openAzure,
  openAzureDestination,
} from "../fixtures/azure-containers.ts";
import {
  freshPrefix,
  openBucket,
  openStore,
  s3Location,
  testBucket,
  textPayload,
} from "../fixtures/buckets.ts";
import { mixedBytes } from "../fixtures/mixed-bytes.ts";
import { expectExit, longshore, type Result, startLongshore, temporaryFolder } from "../fixtures/run.ts";
import { missingAzurite, startAzurite } from "../servers/azurite.ts";
import { missingSwift, startSwift } from "../servers/swift.ts";

const { signal } = new AbortController();

interface Bucket extends AsyncDisposable {
  readonly env: Readonly<Record<string, string>>;
  location(prefix: string): string;
  store(prefix: string): ObjectStore;
  destination(prefix: string): Destination;
}

async function swiftBucket(): Promise<Bucket> {
  const swift = await startSwift();
  await swift.createBucket(testBucket);
  return {
    env: swift.env,
    location: (prefix) => s3Location(swift, prefix),
    store: (prefix) => openStore(swift, s3Location(swift, prefix)),
    destination: (prefix) => openBucket(swift, prefix),
    [Symbol.asyncDispose]: () => swift[Symbol.asyncDispose](),
  };
}

async function azureBucket(): Promise<Bucket> {
  const azurite = await startAzurite();
  await createContainer(azurite);
  return {
    env: azureEnv(azurite),
    location: (prefix) => azureLocation(azurite, prefix),
    store: () => openAzure(azurite),
    destination: (prefix) => openAzureDestination(azurite, prefix),
    [Symbol.asyncDispose]: () => azurite[Symbol.asyncDispose](),
  };
}

testRepair("Swift", ["tar.zst"], { skip: missingSwift(), open: swiftBucket });
testRepair("Azurite", ["tar.zst", "tar", "zip"], { skip: missingAzurite(), open: azureBucket });

function testRepair(
  name: string,
  formats: readonly string[],
  { skip, open }: { readonly skip: string | false; readonly open: () => Promise<Bucket> },
): void {
  suite(`an archive that is one object of ${name}`, { skip }, () => {
    let bucket: Bucket;
    const work = temporaryFolder();
    const tree = work.join("tree");
    before(async () => {
      bucket = await open();
      mkdirSync(tree);
      for (const [i, size] of [10, 700_000, 3_000_000, 2_500_000, 20].entries())
        writeFileSync(join(tree, `file${i}`), mixedBytes(size, `file${i}`));
      // Nothing is so new that its parts could not be trusted.
      for (let i = 0; i < 5; i++) utimesSync(join(tree, `file${i}`), 1_600_000_000, 1_600_000_000);
    });
    after(async () => {
      await bucket?.[Symbol.asyncDispose]();
      await work[Symbol.asyncDispose]();
    });

    const run = (args: string[]): Promise<Result> => longshore(args, { env: bucket.env, timeoutMs: 240_000 });

    interface Made {
      readonly args: string[];
      readonly place: string;
      readonly folder: string;
      readonly key: string;
      readonly manifest: Manifest;
      read(): Promise<Buffer | undefined>;
      write(bytes: Uint8Array): Promise<void>;
    }

    async function exported(format: string): Promise<Made> {
      const prefix = freshPrefix();
      const at = bucket.location(prefix);
      const args = ["export", tree, at, "--name", "x", "--format", format, "--part-size", "1Mi"];
      expectExit(await run(args), 0);
      const folder = `${prefix}/x`;
      const store = bucket.store(folder);
      const key = `${folder}/x.${format}`;
      const record = await bucket.destination(folder).get("manifest.json", signal);
      const manifest = Manifest.parse(JSON.parse(Buffer.from(record ?? "").toString()));
      return {
        args,
        place: bucket.location(folder),
        folder,
        key,
        manifest,
        read: async () => {
          const content = await store.get(key, { offset: 0, length: 2 ** 40 }, signal);
          assert.ok(content !== "changed");
          return content && Buffer.concat(await Array.fromAsync(content.bytes));
        },
        write: (bytes) => store.put(key, textPayload(bytes), signal),
      };
    }

    /** One byte in the middle of each of these parts is another. */
    function flipped(bytes: Uint8Array, { parts }: Manifest, numbers: readonly number[]): Buffer {
      const damaged = Buffer.from(bytes);
      for (const number of numbers) {
        const { offset = 0, size } = parts[number] ?? assert.fail(`there is no part ${number}`);
        const at = offset + Math.floor(size / 3);
        damaged[at] = (damaged[at] ?? 0) ^ 1;
      }
      return damaged;
    }

    async function assertMended(made: Made, right: Uint8Array): Promise<void> {
      expectExit(await run(["verify", made.place]), 0);
      assert.ok((await made.read())?.equals(right), "it is byte by byte what it was");
      assert.deepEqual(await bucket.store(made.folder).multipart?.uploads(made.folder, signal), []);
      const names = await Array.fromAsync(bucket.destination(made.folder).list("", signal));
      assert.deepEqual(
        names.filter((object) => /^(?:tmp|attempts|index|parts)\//.test(object.name)),
        [],
      );
    }

    for (const format of formats)
      test(`as ${format} is mended where it is damaged, at its end too`, async () => {
        const made = await exported(format);
        const right = (await made.read()) ?? assert.fail();
        const last = made.manifest.parts.length - 1;
        assert.ok(last >= 3, `there are ${last + 1} parts`);
        await made.write(flipped(right, made.manifest, [0, 2, last]));
        expectExit(await run(["verify", made.place]), 1);
        expectExit(await run([...made.args, "--repair"]), 0);
        await assertMended(made, right);
        const again = expectExit(await run([...made.args, "--repair"]), 0);
        assert.match(again.stderr, /nothing was changed/);
      });

    test("is mended where it is cut short, or gone, or a record is damaged as well", async () => {
      const made = await exported("tar.zst");
      const right = (await made.read()) ?? assert.fail();
      await made.write(right.subarray(0, right.length - 1_000_000));
      await bucket.destination(made.folder).put("receipts/00000001.json", Buffer.from("{}"), signal);
      expectExit(await run([...made.args, "--repair"]), 0);
      await assertMended(made, right);
      await bucket.store(made.folder).remove([made.key], signal);
      expectExit(await run([...made.args, "--repair"]), 0);
      await assertMended(made, right);
    });

    test("is left as it is where the source has changed since", async () => {
      const made = await exported("tar.zst");
      const right = (await made.read()) ?? assert.fail();
      const damaged = flipped(right, made.manifest, [1]);
      await made.write(damaged);
      const time = new Date(1_600_000_000_000);
      const before = mixedBytes(700_000, "file1");
      const second = mixedBytes(3_000_000, "file2");
      for (const file of ["file1", "file2", "file3"]) writeFileSync(join(tree, file), "another");
      try {
        const result = expectExit(await run([...made.args, "--repair"]), 1);
        assert.match(result.stderr, /no longer the same data|has changed since/);
        assert.ok((await made.read())?.equals(damaged));
        assert.deepEqual(await bucket.store(made.folder).multipart?.uploads(made.folder, signal), []);
      } finally {
        for (const [file, bytes] of Object.entries({
          file1: before,
          file2: second,
          file3: mixedBytes(2_500_000, "file3"),
        })) {
          writeFileSync(join(tree, file), bytes);
          utimesSync(join(tree, file), time, time);
        }
      }
    });

    test("is mended by the next repair where one was killed", async () => {
      const made = await exported("tar.zst");
      const right = (await made.read()) ?? assert.fail();
      await made.write(flipped(right, made.manifest, [2]));
      const store = bucket.store(made.folder);
      const running = startLongshore([...made.args, "--repair"], { env: bucket.env });
      let hasEnded = false;
      void running.done.then(() => (hasEnded = true));
      // Some stores know of an upload only when its first part has come; a repair may be done before it is seen.
      while (!hasEnded && ((await store.multipart?.uploads(made.folder, signal)) ?? []).length === 0)
        await sleep(5);
      running.signal("SIGKILL");
      await running.done;
      expectExit(await run([...made.args, "--repair"]), 0);
      await assertMended(made, right);
    });
  });
}
