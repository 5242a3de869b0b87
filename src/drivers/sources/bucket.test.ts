/** The bucket source in a real store, Swift by its S3 API: the suite of the port, and what only keys can be. */
import assert from "node:assert/strict";
import { tmpdir } from "node:os";
import { after, before, describe, test } from "node:test";
import { testSource } from "../../../test/conformance/source.ts";
import {
  bucketLocation,
  freshPrefix,
  openSourceIn,
  openStore,
  s3Location,
  testBucket,
  textPayload,
} from "../../../test/fixtures/buckets.ts";
import { missingSwift, type S3Server, startSwift } from "../../../test/servers/swift.ts";
import type { Entry } from "../../domain/entry.ts";
import type { ObjectStore } from "../../domain/ports/object-store.ts";
import type { Source, WalkOptions } from "../../domain/ports/source.ts";

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

const byPath = (a: string, b: string): number => {
  const [x = "", y = ""] = [a, b].map((line) => line.slice(0, line.lastIndexOf(" ")));
  return x < y ? -1 : 1;
};
