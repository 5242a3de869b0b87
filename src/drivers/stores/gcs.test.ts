/**
 * Google's driver against the tests' server of its JSON API, which proves it against our reading of the documentation:
 * as store, destination and source, and what compose, generations and names have of their own.
 */
import assert from "node:assert/strict";
import { tmpdir } from "node:os";
import { after, afterEach, before, describe, test } from "node:test";
import { gunzipSync, gzipSync } from "node:zlib";
import { testDestination } from "../../../test/conformance/destination.ts";
import { testObjectStore } from "../../../test/conformance/object-store.ts";
import { bytesOf, keysOf, textOf } from "../../../test/conformance/store-place.ts";
import { testSource } from "../../../test/conformance/source.ts";
import { freshPrefix, openSourceIn, testBucket, textPayload } from "../../../test/fixtures/buckets.ts";
import {
  gcsBucket,
  gcsLocation,
  openGcs,
  openGcsDestination,
  openGcsOnce,
  uploadsOf,
} from "../../../test/fixtures/gcs-buckets.ts";
import { mixedBytes } from "../../../test/fixtures/mixed-bytes.ts";
import { seededRandom, seedOfRun } from "../../../test/fixtures/random.ts";
import { throttled, unavailable } from "../../../test/servers/gcs/faults.ts";
import { type GcsServer, startGcs } from "../../../test/servers/gcs.ts";
import type { PartFacts, UploadPlace } from "../../domain/ports/object-store.ts";
import { inTurns } from "./gcs/in-turns.ts";

let server: GcsServer;
const { signal } = new AbortController();

before(async () => {
  server = await startGcs();
  server.createBucket(testBucket);
});
after(() => server?.[Symbol.asyncDispose]());
afterEach(() => {
  server.faults.each(undefined);
  server.limits.page = 1000;
  server.limits.rewrite = Number.MAX_SAFE_INTEGER;
  server.denied.clear();
});

const removeAll = (prefix: string): Promise<void> => openGcsDestination(server, prefix).removeAll("", signal);

testObjectStore("gs", () => {
  const prefix = freshPrefix();
  return Promise.resolve({
    store: openGcs(server),
    prefix: `${prefix}/`,
    [Symbol.asyncDispose]: () => removeAll(prefix),
  });
});

testDestination(
  "gs",
  () => {
    const prefix = freshPrefix();
    const other = freshPrefix();
    return Promise.resolve({
      destination: openGcsDestination(server, prefix),
      again: () => openGcsDestination(server, prefix),
      other: () => Promise.resolve(openGcsDestination(server, other)),
      [Symbol.asyncDispose]: async () => {
        for (const place of [prefix, other]) await removeAll(place);
      },
    });
  },
  { noLock: "a store has no lock that a killed process lets go of" },
);

testSource("gs", async (files) => {
  const prefix = freshPrefix();
  const store = openGcs(server);
  const key = (path: string): string => `${prefix}/${Buffer.from(path, "latin1").toString()}`;
  // A prefix with nothing in it is there because of its marker.
  await store.put(key(""), textPayload(""), signal);
  for (const [path, bytes] of Object.entries(files)) await store.put(key(path), textPayload(bytes), signal);
  return {
    source: openSourceIn(store, gcsBucket(server, `${prefix}/`)),
    scratch: tmpdir(),
    replace: (path, bytes) => store.put(key(path), textPayload(bytes), signal),
    remove: (path) => store.remove([key(path)], signal),
    [Symbol.asyncDispose]: () => removeAll(prefix),
  };
});

/** Names of all objects below a prefix as the server has them, those of uploads too. */
const stored = (prefix: string): string[] =>
  server
    .objects(testBucket)
    .map(({ name }) => name)
    .filter((name) => name.startsWith(prefix));

const askedFor = (operation: string): number => server.asked.get(operation) ?? 0;

/** An upload with this many parts of a few bytes; number 1 is the first. */
async function sentUpload(count: number, key = `${freshPrefix()}/x`) {
  const uploads = uploadsOf(openGcs(server));
  const upload: UploadPlace = { key, id: await uploads.begin(key, "application/zstd", signal) };
  const contentOf = (number: number): string => `part ${number} ${"=".repeat(number % 7)}`;
  const numbers = Array.from({ length: count }, (_, index) => index + 1);
  const send = (number: number): Promise<PartFacts> =>
    uploads.put({ ...upload, number }, textPayload(contentOf(number)), signal);
  const parts = await inTurns(numbers, 16, send, signal);
  const whole = parts.map(({ number }) => contentOf(number)).join("");
  return { uploads, upload, parts, whole, key };
}

async function expectMade({ key, whole, parts, uploads }: Awaited<ReturnType<typeof sentUpload>>) {
  assert.equal(await textOf(openGcs(server), key), whole);
  assert.equal((await uploads.madeOf(key, parts, signal))?.isProven, true);
  assert.deepEqual(stored(key), [key], "nothing of the upload is left");
}

const codeIs =
  (code: string) =>
  (error: unknown): boolean =>
    (error as { code?: string }).code === code;

describe("objects that are composed", () => {
  for (const count of [1, 32, 33, 1100])
    test(`of ${count} parts are these parts, by as few requests as it takes`, async () => {
      const sent = await sentUpload(count);
      const before = askedFor("objects.compose");
      assert.notEqual(await sent.uploads.complete(sent.upload, sent.parts, signal), "refused");
      await expectMade(sent);
      const [object] = server.objects(testBucket).filter(({ name }) => name === sent.key);
      assert.equal(object?.componentCount, count);
      assert.equal(object.contentType, "application/zstd");
      // 1,100 parts are 34 full groups and a rest of 12, and those 35 are one full group and a rest of 3.
      const expected = count === 1100 ? 35 + 2 + 1 : count === 33 ? 1 + 1 : 1;
      assert.equal(askedFor("objects.compose") - before, expected);
    });

  const cuts = ["objects.list", "objects.get", "objects.compose", "objects.delete"].flatMap((operation) =>
    (["lose", "cut"] as const).flatMap((fault) => [0, 1].map((which) => ({ operation, fault, which }))),
  );
  test("cut at any request of the completion, are made by its repetition", async () => {
    for (const { operation, fault, which } of cuts) {
      const what = `${operation} ${which} ${fault}`;
      const sent = await sentUpload(34);
      let left = which;
      server.faults.each((asked) => (asked === operation && left-- === 0 ? fault : undefined));
      const cut = uploadsOf(openGcsOnce(server)).complete(sent.upload, sent.parts, signal);
      // There are requests that it makes once.
      const isCut = await cut.then(() => false, codeIs("StoreUnreachable"));
      assert.equal(isCut, left < 0, what);
      server.faults.each(undefined);
      const again = sent.uploads.complete(sent.upload, sent.parts, signal);
      assert.ok(await again.then((made) => made !== "refused", codeIs("UploadLost")), what);
      await expectMade(sent);
    }
  });

  test("by two at once are one object", async () => {
    const sent = await sentUpload(70);
    const complete = () =>
      uploadsOf(openGcs(server))
        .complete(sent.upload, sent.parts, signal)
        .catch((error: unknown) => (error as { code?: string }).code);
    const ends = await Promise.all([complete(), complete(), complete()]);
    assert.ok(
      ends.every((end) => typeof end === "object" || end === "UploadLost"),
      JSON.stringify(ends),
    );
    await expectMade(sent);
  });

  test("take the place of what came there while they were made, and of nothing unseen", async () => {
    const sent = await sentUpload(33);
    const before = askedFor("objects.compose");
    let put: Promise<void> | undefined;
    server.faults.each((operation) => {
      if (operation !== "objects.compose" || askedFor(operation) !== before + 2) return undefined;
      put ??= openGcs(server).put(sent.key, textPayload("somebody else's"), signal);
      return unavailable;
    });
    const refused = uploadsOf(openGcsOnce(server)).complete(sent.upload, sent.parts, signal);
    await assert.rejects(refused, { code: "StoreBusy" });
    await put;
    server.faults.each(undefined);
    assert.equal(await textOf(openGcs(server), sent.key), "somebody else's");
    assert.notEqual(await sent.uploads.complete(sent.upload, sent.parts, signal), "refused");
    await expectMade(sent);
  });

  test("rewritten into another class are no longer proven by it, and not denied either", async () => {
    const sent = await sentUpload(3);
    await sent.uploads.complete(sent.upload, sent.parts, signal);
    const nearline = openGcs(server, `${gcsLocation(server, "")}&storageClass=NEARLINE`);
    assert.equal(
      await nearline.copy({ bucket: testBucket, key: sent.key }, `${sent.key}.copy`, signal),
      true,
    );
    const found = await sent.uploads.madeOf(`${sent.key}.copy`, sent.parts, signal);
    assert.equal(found?.isProven, false);
  });
});

describe("parts", () => {
  test("that have arrived are not sent again because the answer was lost", async () => {
    const { uploads, upload, parts } = await sentUpload(2);
    const before = askedFor("objects.insert");
    server.faults.next("objects.insert", "lose");
    const sent = await uploads.put({ ...upload, number: 3 }, textPayload("part 3"), signal);
    assert.equal(askedFor("objects.insert") - before, 1);
    const listed = await uploads.list(upload, 0, signal);
    assert.deepEqual(listed.parts, [...parts, sent]);
  });

  test("that come after the end are taken back", async () => {
    const { uploads, upload, key } = await sentUpload(2);
    await uploads.abort(upload, signal);
    await assert.rejects(uploads.put({ ...upload, number: 3 }, textPayload("late"), signal), {
      code: "UploadLost",
    });
    assert.deepEqual(stored(key), []);
  });

  test("of many uploads do not hide what lies between them, however small the pages", async () => {
    const prefix = freshPrefix();
    const store = openGcs(server);
    for (const name of ["a", "b", "c"]) {
      await store.put(`${prefix}/${name}`, textPayload(name), signal);
      await sentUpload(7, `${prefix}/${name}`);
    }
    server.limits.page = 3;
    assert.deepEqual(await keysOf(store, `${prefix}/`), ["a", "b", "c"]);
    assert.deepEqual(await keysOf(store, `${prefix}/`, 1), ["a", "b", "c"]);
    const found = await uploadsOf(store).uploads(`${prefix}/`, signal);
    assert.deepEqual(
      found.map(({ key }) => key.slice(prefix.length)),
      ["/a", "/b", "/c"],
    );
    await removeAll(prefix);
    server.limits.page = 1000;
    assert.deepEqual(stored(prefix), []);
  });

  test("of objects with odd names belong to them", async () => {
    const sent = await sentUpload(3, `${freshPrefix()}/line\nfeed\t\u{10ffff}`);
    assert.deepEqual(await sent.uploads.uploads(sent.key, signal), [sent.upload]);
    await sent.uploads.complete(sent.upload, sent.parts, signal);
    assert.equal(await textOf(openGcs(server), sent.key), sent.whole);
  });

  test("have room under the longest name, or the upload is refused before it begins", async () => {
    const uploads = uploadsOf(openGcs(server));
    await assert.rejects(uploads.begin("k".repeat(970), "x", signal), { code: "StoreUnsupported" });
    const sent = await sentUpload(40, "k".repeat(940));
    await sent.uploads.complete(sent.upload, sent.parts, signal);
    await expectMade(sent);
  });
});

describe("requests whose answers are lost", () => {
  test("leave whoever was first the first", async () => {
    const store = openGcs(server);
    const key = `${freshPrefix()}/a`;
    server.faults.next("objects.insert", "lose", 2);
    assert.equal(await store.putIfAbsent(key, textPayload("first"), signal), true);
    assert.equal(await store.putIfAbsent(key, textPayload("first"), signal), false);
    server.faults.next("objects.insert", "lose");
    assert.equal(await openGcs(server).putIfAbsent(key, textPayload("late"), signal), false);
    assert.equal(await textOf(store, key), "first");
  });

  test("one in ten, come to the same end", async () => {
    const random = seededRandom(seedOfRun());
    server.faults.each(() => {
      const chance = random();
      return chance < 0.1 ? "lose" : chance < 0.15 ? throttled : undefined;
    });
    const sent = await sentUpload(40);
    await sent.uploads.complete(sent.upload, sent.parts, signal).catch((error: unknown) => {
      assert.equal((error as { code?: string }).code, "UploadLost");
    });
    await sent.uploads.madeOf(sent.key, sent.parts, signal);
    server.faults.each(undefined);
    await expectMade(sent);
  });
});

test("a removal of many that was cut has only the rest left when it is repeated", async () => {
  const prefix = freshPrefix();
  const store = openGcs(server);
  const keys = Array.from({ length: 200 }, (_, i) => `${prefix}/${i}`);
  await inTurns(keys, 16, (key) => store.put(key, textPayload(key), signal), signal);
  let count = 0;
  server.faults.each((operation) =>
    operation === "objects.delete" && ++count % 5 === 0 ? "cut" : undefined,
  );
  const before = askedFor("objects.delete");
  await store.remove(keys, signal);
  assert.deepEqual(stored(prefix), []);
  assert.ok(askedFor("objects.delete") - before < 260, "a fifth of a fifth of a fifth");
});

describe("bytes", () => {
  test("that are not those that were packed are not sent", async () => {
    const payload = { ...textPayload("right"), open: () => Buffer.from("wrong") };
    await assert.rejects(openGcs(server).put("x", payload, signal), { code: "ScratchFailed" });
  });

  test("that change on the way are not kept", async () => {
    const right = textPayload("right");
    let opened = 0;
    const payload = { ...right, open: () => (++opened === 1 ? right.open() : Buffer.from("wrong")) };
    const key = `${freshPrefix()}/a`;
    await assert.rejects(openGcsOnce(server).put(key, payload, signal), {
      code: "StoreFailed",
      message: /other bytes than were sent/,
    });
    assert.deepEqual(stored(key), []);
  });

  test("in gzip are read as they are stored", async () => {
    const store = openGcs(server);
    const key = `${freshPrefix()}/a`;
    const packed = gzipSync(mixedBytes(200_000, "gzip"));
    const url = `${server.endpoint}/upload/storage/v1/b/${testBucket}/o?uploadType=multipart&name=${encodeURIComponent(key)}`;
    const body = Buffer.concat([
      Buffer.from(
        '--x\r\nContent-Type: application/json\r\n\r\n{"contentEncoding":"gzip"}\r\n--x\r\nContent-Type: a/b\r\n\r\n',
      ),
      packed,
      Buffer.from("\r\n--x--\r\n"),
    ]);
    const headers = {
      authorization: `Bearer ${server.tokens.issue()}`,
      "content-type": "multipart/related; boundary=x",
    };
    assert.equal((await fetch(url, { method: "POST", headers, body })).status, 200);
    assert.ok((await bytesOf(store, key))?.equals(packed));
    const range = await store.get(key, { offset: 10, length: 20 }, signal);
    assert.ok(typeof range === "object");
    assert.ok(Buffer.concat(await Array.fromAsync(range.bytes)).equals(packed.subarray(10, 30)));
    const plain = await fetch(
      `${server.endpoint}/storage/v1/b/${testBucket}/o/${encodeURIComponent(key)}?alt=media`,
      { headers: { authorization: headers.authorization, "accept-encoding": "identity" } },
    );
    assert.equal(plain.headers.get("content-length"), null, "the server does unpack it for others");
    assert.ok(Buffer.from(await plain.arrayBuffer()).equals(gunzipSync(packed)));
  });
});

describe("what a location says", () => {
  test("of new objects is said of each of them, parts too", async () => {
    const prefix = freshPrefix();
    const query = "&storageClass=NEARLINE&kmsKeyName=projects/p/locations/l/keyRings/r/cryptoKeys/k";
    const store = openGcs(server, `${gcsLocation(server, prefix)}${query}`);
    await store.put(`${prefix}/a`, textPayload("a"), signal);
    const uploads = uploadsOf(store);
    const upload = { key: `${prefix}/b`, id: await uploads.begin(`${prefix}/b`, "text/plain", signal) };
    const part = await uploads.put({ ...upload, number: 1 }, textPayload("b"), signal);
    await uploads.complete(upload, [part], signal);
    await store.copy({ bucket: testBucket, key: `${prefix}/a` }, `${prefix}/c`, signal);
    const objects = server.objects(testBucket).filter(({ name }) => name.startsWith(prefix));
    assert.deepEqual(
      objects.map(({ name, storageClass, kmsKeyName }) => [
        name.slice(-1),
        storageClass,
        kmsKeyName?.slice(-1),
      ]),
      ["a", "b", "c"].map((name) => [name, "NEARLINE", "k"]),
    );
  });

  test("of who pays is said with every request", async () => {
    server.createBucket("paid", { isRequesterPays: true });
    const paid = `${gcsLocation(server, "", "paid")}&userProject=mine`;
    const store = openGcs(server, paid);
    await store.check(signal);
    await store.put("a", textPayload("a"), signal);
    assert.equal(await store.copy({ bucket: "paid", key: "a" }, "b", signal), true);
    await store.remove(["a", "b"], signal);
    await assert.rejects(openGcs(server, gcsLocation(server, "", "paid")).check(signal), {
      code: "StoreDenied",
      hint: /userProject=PROJECT/,
    });
  });
});

test("a copy that takes many requests ends when it is done", async () => {
  const store = openGcs(server);
  const prefix = freshPrefix();
  const bytes = mixedBytes(1_000_000, "copy");
  await store.put(`${prefix}/a`, textPayload(bytes), signal);
  server.limits.rewrite = 300_000;
  const before = askedFor("objects.rewrite");
  const isCopied = await store.copy({ bucket: testBucket, key: `${prefix}/a` }, `${prefix}/b`, signal);
  server.limits.rewrite = Number.MAX_SAFE_INTEGER;
  assert.equal(isCopied, true);
  assert.equal(askedFor("objects.rewrite") - before, 4);
  assert.ok((await bytesOf(store, `${prefix}/b`))?.equals(bytes));
});

test("copies between buckets of one endpoint, and says no where it may not", async () => {
  server.createBucket("other");
  const other = openGcs(server, gcsLocation(server, "", "other"));
  const store = openGcs(server);
  assert.equal(other.identity, store.identity);
  const key = `${freshPrefix()}/a`;
  await store.put(key, textPayload("a"), signal);
  assert.equal(await other.copy({ bucket: testBucket, key }, "copied", signal), true);
  assert.equal(await textOf(other, "copied"), "a");
  server.denied.add("storage.objects.create");
  assert.equal(await other.copy({ bucket: testBucket, key }, "again", signal), false);
  server.denied.clear();
});
