/** The bucket source in a real store, Swift by its S3 API: the suite of the port, and what only keys can be. */
import assert from "node:assert/strict";
import { tmpdir } from "node:os";
import { after, before, describe, test } from "node:test";
import { zstdDecompressSync } from "node:zlib";
import { testSource } from "../../../test/conformance/source.ts";
import {
  bucketLocation,
  freshPrefix,
  openBucket,
  openSourceIn,
  openStore,
  s3Location,
  testBucket,
  textPayload,
} from "../../../test/fixtures/buckets.ts";
import { missingSwift, type S3Server, startSwift } from "../../../test/servers/swift.ts";
import { contextOf, packPart, plan } from "../../../test/fixtures/packing.ts";
import { MemoryDestination } from "../../../test/fixtures/memory-destination.ts";
import { mixedBytes } from "../../../test/fixtures/mixed-bytes.ts";
import type { Entry, PlannedEntry } from "../../domain/entry.ts";
import { receiptName } from "../../domain/part.ts";
import { parseIndexLine } from "../../domain/plan-line.ts";
import type { Receipt } from "../../domain/receipt.ts";
import type { ObjectStore } from "../../domain/ports/object-store.ts";
import type { Source, WalkOptions } from "../../domain/ports/source.ts";

const mebibyte = 2 ** 20;

let swift: S3Server;
const skip = missingSwift();
const { signal } = new AbortController();

before(async () => {
  if (skip !== false) return;
  swift = await startSwift();
  await swift.createBucket(testBucket);
});
after(() => swift?.[Symbol.asyncDispose]());

interface Keys extends AsyncDisposable {
  readonly store: ObjectStore;
  readonly prefix: string;
  put(key: string, bytes: Uint8Array | string): Promise<void>;
  source(below?: string): Source;
}

/** Objects below a prefix of their own; keys are given behind it. */
async function keys(given: readonly string[] = []): Promise<Keys> {
  const prefix = freshPrefix();
  const store = openStore(swift, s3Location(swift, prefix));
  const put = (key: string, bytes: Uint8Array | string): Promise<void> =>
    store.put(`${prefix}/${key}`, textPayload(bytes), signal);
  for (const key of given) await put(key, key);
  return {
    store,
    prefix,
    put,
    source: (below = "") => {
      const location = bucketLocation(s3Location(swift, prefix));
      return openSourceIn(store, { ...location, prefix: prefix + below });
    },
    [Symbol.asyncDispose]: async () => {
      const page = await store.list({ prefix: `${prefix}/` }, signal);
      const [first, ...rest] = page.objects.map(({ key }) => key);
      if (first !== undefined) await store.remove([first, ...rest], signal);
    },
  };
}

const options: WalkOptions = {
  include: [],
  exclude: [],
  crossFileSystems: false,
  hardLinks: "link",
  scratch: tmpdir(),
};

const walk = async (source: Source, chosen: Partial<WalkOptions> = {}): Promise<Entry[]> =>
  (await Array.fromAsync(source.walk({ ...options, ...chosen }, signal))).flat();

const shown = (entries: readonly Entry[]): string[] =>
  entries.map(({ path, type, difference }) => `${path} ${difference ?? type}`);

testSource(
  "s3 at Swift",
  async (files) => {
    const made = await keys();
    // A prefix with nothing in it is there because of its marker.
    await made.put("", "");
    const key = (path: string): string => Buffer.from(path, "latin1").toString();
    for (const [path, bytes] of Object.entries(files)) await made.put(key(path), bytes);
    return {
      source: made.source("/"),
      scratch: tmpdir(),
      replace: (path, bytes) => made.put(key(path), bytes),
      remove: (path) => made.store.remove([`${made.prefix}/${key(path)}`], signal),
      [Symbol.asyncDispose]: () => made[Symbol.asyncDispose](),
    };
  },
  { skip },
);

describe("keys that are no paths", { skip }, () => {
  test("are told as differences, and never as entries", async () => {
    await using made = await keys([
      "/leading",
      "a//b",
      "a/../../etc/passwd",
      "a/./b",
      "a/b",
      "..",
      "end/",
      "file",
      "file/below",
      "file/below/deeper",
      "file.txt",
    ]);
    await made.put("marker/", "");
    assert.deepEqual(
      shown(await walk(made.source("/"))),
      [
        ".. unsupported",
        "/leading unsupported",
        "a/../../etc/passwd unsupported",
        "a/./b unsupported",
        "a//b unsupported",
        "a/b file",
        "end/ unsupported",
        "file file",
        "file.txt file",
        "file/below unsupported",
        "file/below/deeper unsupported",
        "marker/ directory",
      ].toSorted(byPath),
    );
  });

  test("but lie in a folder that is left out", async () => {
    await using made = await keys(["keep/a", "tmp/../x", "tmp//b", "tmp/c"]);
    assert.deepEqual(shown(await walk(made.source(), { exclude: ["tmp/"] })), ["keep/a file"]);
  });
});

describe("a location", { skip }, () => {
  test("that is one object gives that object by its last name", async () => {
    await using made = await keys(["deep/x.csv", "deep/x.csv/no", "deep/x.csvx"]);
    const source = made.source("/deep/x.csv");
    assert.deepEqual(shown(await walk(source)), ["x.csv file"]);
    const [entry] = await walk(source);
    const reader = await source.open(entry ?? assert.fail());
    assert.ok(typeof reader === "object");
    const bytes = Buffer.alloc(100);
    assert.equal(bytes.toString("utf8", 0, await reader.read(bytes, 0)), "deep/x.csv");
    await reader.close();
  });

  test("with nothing in it is no empty source but a mistake", async () => {
    await using made = await keys(["a"]);
    await assert.rejects(walk(made.source("/none")), { code: "SourceNotFound", message: /none/ });
    await assert.rejects(walk(made.source("/none/")), { code: "SourceNotFound" });
  });

  test("in a bucket that is not there, or with a wrong key, says so", async () => {
    const location = bucketLocation(s3Location(swift, "x/").replace(testBucket, "nowhere"));
    const source = openSourceIn(
      openStore(swift, s3Location(swift, "x/").replace(testBucket, "nowhere")),
      location,
    );
    await assert.rejects(walk(source), { code: "BucketNotFound", message: /s3:\/\/nowhere/ });
  });
});

test("folders that are left out are passed over, however many keys they hold", { skip }, async () => {
  await using made = await keys(["a/1", "z"]);
  const store = made.store;
  const listed: (string | undefined)[] = [];
  const counting: ObjectStore = {
    ...store,
    list: (query, cancelled) => {
      listed.push(query.after);
      return store.list({ ...query, limit: 2 }, cancelled);
    },
  };
  for (let i = 0; i < 9; i++) await made.put(`big/${i}`, "");
  const location = bucketLocation(s3Location(swift, made.prefix));
  const source = openSourceIn(counting, location);
  assert.deepEqual(shown(await walk(source, { exclude: ["big/"] })), ["a/1 file", "z file"]);
  assert.ok(listed.length <= 3, `listed ${listed.length} pages`);
});

describe("an object", { skip }, () => {
  const facing = (made: Keys, get: ObjectStore["get"]): Source =>
    openSourceIn({ ...made.store, get }, bucketLocation(s3Location(swift, `${made.prefix}/`)));
  const readAll = async (source: Source, entry: PlannedEntry): Promise<[Buffer, string | undefined]> => {
    const reader = await source.open(entry);
    assert.ok(typeof reader === "object");
    const bytes = Buffer.alloc(entry.size);
    let done = 0;
    for (let read = -1; read !== 0 && done < bytes.length; done += read)
      read = await reader.read(bytes.subarray(done, done + 1_000_000), done);
    const difference = await reader.difference();
    await reader.close();
    return [bytes.subarray(0, done), difference];
  };

  test("of 200 MiB is read by several ranges at the same time, each byte once, in order", async () => {
    await using made = await keys();
    const bytes = mixedBytes(200 * mebibyte + 5, "big");
    await made.put("big", bytes);
    const asked: [offset: number, length: number][] = [];
    let running = 0;
    let most = 0;
    const source = facing(made, async (key, wanted, cancelled) => {
      asked.push([wanted.offset, wanted.length]);
      assert.ok(wanted.ifMatch !== undefined, "each range is of the object that was planned");
      most = Math.max(most, ++running);
      const content = await made.store.get(key, wanted, cancelled);
      if (typeof content !== "object") return content;
      const counted = async function* (): AsyncGenerator<Uint8Array> {
        yield* content.bytes;
        running--;
      };
      return { ...content, bytes: counted() };
    });
    const [entry] = await walk(source);
    const [found, difference] = await readAll(source, entry ?? assert.fail());
    assert.ok(found.equals(bytes));
    assert.equal(difference, undefined);
    assert.ok(most >= 3, `${most} at the same time`);
    let next = 0;
    for (const [offset, length] of asked) {
      assert.equal(offset, next);
      next += length;
    }
    assert.equal(next, bytes.length);
  });

  test("that is replaced between plan and pack is a difference of the export", async () => {
    await using made = await keys(["kept", "other"]);
    const source = made.source("/");
    const destination = new MemoryDestination();
    const options = { format: "tar", partSize: 2 ** 26, entryDigests: false } as const;
    const { parts } = await plan(source, destination, options);
    await made.put("other", "OTHER");
    for (const part of parts) {
      const outcome = await packPart(contextOf(source, destination, options), { part });
      const receipt = JSON.parse(
        Buffer.from((await destination.get(receiptName(part.number), signal)) ?? "").toString(),
      ) as Receipt;
      assert.equal(receipt.differences.count, 1, JSON.stringify(outcome));
    }
    const [fragment] = (await Array.fromAsync(destination.list("", signal))).filter(({ name }) =>
      name.includes("differences"),
    );
    const lines = Buffer.from((await destination.get(fragment?.name ?? "", signal)) ?? "").toString();
    assert.deepEqual(JSON.parse(lines), { path: "other", type: "file", difference: "changed" });
  });

  test("that is replaced while it is read never becomes a mixture that is taken for whole", async () => {
    await using made = await keys();
    await made.put("big", mixedBytes(40 * mebibyte, "before"));
    let gets = 0;
    const source = facing(made, async (key, wanted, cancelled) => {
      if (++gets === 3) await made.put("big", mixedBytes(40 * mebibyte, "after"));
      return made.store.get(key, wanted, cancelled);
    });
    const [entry] = await walk(source);
    const [, difference] = await readAll(source, entry ?? assert.fail());
    assert.equal(difference, "changed");
  });

  test("keeps what was said of it: in the index, and its type among the files of another bucket", async () => {
    await using made = await keys();
    await using target = await keys();
    const { S3Client, PutObjectCommand } = await import("@aws-sdk/client-s3");
    const client = new S3Client({ endpoint: swift.endpoint, region: swift.region, forcePathStyle: true });
    await client.send(
      new PutObjectCommand({
        Bucket: testBucket,
        Key: `${made.prefix}/a.bin`,
        Body: "a,b",
        ContentType: "text/csv",
        Metadata: { Origin: 'the "north"' },
      }),
    );
    client.destroy();
    const source = made.source("/");
    for (const format of ["tar.zst", "files"] as const) {
      const destination = openBucket(swift, `${target.prefix}/${format}`);
      const options = { format, partSize: 2 ** 26, entryDigests: false } as const;
      const { parts } = await plan(source, destination, options);
      for (const part of parts) await packPart(contextOf(source, destination, options), { part });
      const [index] = (await Array.fromAsync(destination.list("index/", signal))).map(({ name }) => name);
      const bytes = (await destination.get(index ?? assert.fail(), signal)) ?? assert.fail();
      const { placement } = parseIndexLine(zstdDecompressSync(bytes).toString());
      assert.deepEqual(placement.description, {
        contentType: "text/csv",
        metadata: { origin: 'the "north"' },
      });
    }
    const copied = await target.store.head(`${target.prefix}/files/files/a.bin`, signal);
    assert.equal(copied?.description?.contentType, "text/csv");
  });
});

const byPath = (a: string, b: string): number => {
  const [x = "", y = ""] = [a, b].map((line) => line.slice(0, line.lastIndexOf(" ")));
  return x < y ? -1 : 1;
};
