/** Large files of the format files: objects that are sent in pieces while the file is read, by a real store. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { after, before, suite, test } from "node:test";
import { LongshoreError } from "../../src/domain/errors.ts";
import type { Destination } from "../../src/domain/ports/destination.ts";
import type { MultipartUploads, ObjectStore } from "../../src/domain/ports/object-store.ts";
import { openBucketDestination } from "../../src/drivers/destinations/bucket.ts";
import { createPiecedObject } from "../../src/engine/packing/pieced-object.ts";
import {
  bucketLocation,
  freshPrefix,
  openBucket,
  openStore,
  s3Location,
  testBucket,
} from "../fixtures/buckets.ts";
import { exportTree } from "../fixtures/exports.ts";
import { mixedBytes } from "../fixtures/mixed-bytes.ts";
import { expectExit, longshore, startLongshore, temporaryFolder } from "../fixtures/run.ts";
import { missingSwift, type S3Server, startSwift } from "../servers/swift.ts";

const { signal } = new AbortController();
const skip = missingSwift();
const mebibyte = 2 ** 20;
const content = mixedBytes(50 * mebibyte + 17, "large");

suite("a large file in a bucket", { skip }, () => {
  let swift: S3Server;
  const folder = temporaryFolder();
  const source = folder.join("source");

  before(async () => {
    swift = await startSwift();
    await swift.createBucket(testBucket);
    mkdirSync(source);
    for (const name of ["one", "two", "three"]) writeFileSync(`${source}/${name}`, content);
    writeFileSync(`${source}/small`, "small");
  });
  after(async () => {
    await swift?.[Symbol.asyncDispose]();
    await folder[Symbol.asyncDispose]();
  });

  const argsFor = (prefix: string): string[] => [
    source,
    s3Location(swift, prefix),
    ..."--name x --format files --json".split(" "),
  ];
  const multipartOf = (prefix: string): MultipartUploads =>
    openStore(swift, s3Location(swift, prefix)).multipart ?? assert.fail("there is no multipart");
  const uploads = async (prefix: string): Promise<number> =>
    (await multipartOf(prefix).uploads(`${prefix}/`, signal)).length;

  async function expectWhole(prefix: string): Promise<void> {
    assert.equal(await uploads(prefix), 0, "no upload is left");
    const destination = openBucket(swift, `${prefix}/x`);
    for (const name of ["one", "two", "three"])
      assert.equal(await digestOf(destination, `files/${name}`), digest(content));
    expectExit(await longshore(["verify", s3Location(swift, `${prefix}/x`)], { env: swift.env }), 0);
  }

  test("is one object, sent in pieces before all of it was read", async () => {
    const prefix = freshPrefix();
    const running = startLongshore(["export", ...argsFor(prefix)], { env: swift.env });
    let ended = false;
    const done = running.done.finally(() => {
      ended = true;
    });
    let seen = 0;
    while (!ended) {
      seen = Math.max(seen, await uploads(prefix));
      await sleep(5);
    }
    expectExit(await done, 0);
    assert.ok(seen > 0, "an upload was under way");
    await expectWhole(prefix);
  });

  test("whose sender is killed leaves no upload when the export is done", async () => {
    const prefix = freshPrefix();
    for (let kills = 0; kills < 2; kills++) {
      const running = startLongshore(["export", ...argsFor(prefix)], { env: swift.env });
      let ended = false;
      const done = running.done.finally(() => {
        ended = true;
      });
      while (!ended && (await uploads(prefix)) === 0) await sleep(5);
      running.signal("SIGKILL");
      await done;
    }
    await exportTree(argsFor(prefix), [0], { env: swift.env });
    await expectWhole(prefix);
  });

  /** A destination whose store answers a completion otherwise. */
  function destinationWith(prefix: string, changed: Partial<MultipartUploads>): Destination {
    const location = bucketLocation(s3Location(swift, prefix));
    const store = openStore(swift, s3Location(swift, prefix));
    const multipart = { ...multipartOf(prefix), ...changed };
    const wrapped: ObjectStore = { ...store, multipart };
    return openBucketDestination({ store: wrapped, location, scratch: tmpdir(), memory: 64 * mebibyte });
  }

  async function send(destination: Destination): Promise<void> {
    const archives = destination.archives ?? assert.fail("there are no archives");
    const object = { name: "files/one", mostBytes: content.length, contentType: undefined };
    await using writer = await createPiecedObject({ destination, archives }, object, signal);
    for (let at = 0; at < content.length; at += mebibyte) {
      writer.write(content.subarray(at, at + mebibyte));
      await writer.ready();
    }
    await writer.commit(object.name);
  }

  test("whose completion was carried out though its answer was lost is there", async () => {
    const prefix = freshPrefix();
    const real = multipartOf(prefix);
    const destination = destinationWith(prefix, {
      complete: async (upload, parts) => {
        await real.complete(upload, parts, signal);
        throw new LongshoreError("UploadLost", "the store knows no such upload");
      },
    });
    await send(destination);
    assert.equal(await digestOf(destination, "files/one"), digest(content));
  });

  for (const [name, changed, code] of [
    ["whose completion is refused", { complete: async () => "refused" as const }, "DestinationFailed"],
    [
      "whose piece can't be stored",
      {
        put: async () => {
          throw new LongshoreError("DestinationFull", "no room is left");
        },
      },
      "DestinationFull",
    ],
  ] satisfies [name: string, changed: Partial<MultipartUploads>, code: string][])
    test(`${name} is not there, and nothing of it is left`, async () => {
      const prefix = freshPrefix();
      const destination = destinationWith(prefix, changed);
      await assert.rejects(send(destination), { code });
      assert.equal(await destination.size("files/one", signal), undefined);
      assert.equal(await uploads(prefix), 0);
    });
});

const digest = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

async function digestOf(destination: Destination, name: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of destination.read(name, { offset: 0, length: 2 ** 40 }, signal))
    hash.update(chunk);
  return hash.digest("hex");
}
