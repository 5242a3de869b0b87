/** The part of the ObjectStore suite about objects that are made of parts, which a store may or may not offer. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import type { MultipartUploads, PartFacts, UploadPlace } from "../../src/domain/ports/object-store.ts";
import { textPayload } from "../fixtures/buckets.ts";
import { mixedBytes } from "../fixtures/mixed-bytes.ts";
import { bytesOf, keysOf, type StoreLimits, textOf, type StorePlace, type WithStore } from "./store-place.ts";

const { signal } = new AbortController();

interface Uploading extends StorePlace {
  readonly uploads: MultipartUploads;
  /** Of the object to be made. */
  readonly key: string;
}

export function testMultipartUploads(
  withPlace: WithStore,
  { partSize = 1000, remembersEnded }: StoreLimits,
): void {
  const withUploads = (use: (place: Uploading) => Promise<void>): Promise<void> =>
    withPlace(async (place) => {
      const { multipart } = place.store;
      if (multipart !== undefined)
        await use({ ...place, uploads: multipart, key: `${place.prefix}made of parts` });
    });
  const contents = [1, 2, 3].map((number) => mixedBytes(partSize + number, `part ${number}`));
  const contentOf = (number: number): Buffer => contents[number - 1] ?? assert.fail();
  const send = (uploads: MultipartUploads, upload: UploadPlace, number: number, bytes = contentOf(number)) =>
    uploads.put({ ...upload, number }, textPayload(bytes), signal);
  const begin = async ({ uploads, key }: Uploading): Promise<UploadPlace> => ({
    key,
    id: await uploads.begin(key, "text/plain", signal),
  });
  const sendAll = async (uploads: MultipartUploads, upload: UploadPlace): Promise<PartFacts[]> => {
    const sent = new Map<number, PartFacts>();
    for (const number of [2, 3, 1]) sent.set(number, await send(uploads, upload, number));
    return [1, 2, 3].map((number) => sent.get(number) ?? assert.fail());
  };

  test("parts in any order become one object, that nobody sees before", () =>
    withUploads(async (place) => {
      const { store, prefix, uploads, key } = place;
      const upload = await begin(place);
      const parts = await sendAll(uploads, upload);
      for (const { number, size, etag } of parts) {
        assert.equal(size, contentOf(number).length);
        assert.doesNotMatch(etag, /^"|^$/);
      }
      assert.deepEqual(await keysOf(store, prefix), []);
      assert.equal(await store.head(key, signal), undefined);
      const made = await uploads.complete(upload, parts, signal);
      assert.ok(made !== "refused");
      assert.ok((await bytesOf(store, key))?.equals(Buffer.concat(contents)));
      assert.equal((await store.head(key, signal))?.etag, made.etag);
      assert.deepEqual(await keysOf(store, prefix), ["made of parts"]);
      assert.deepEqual(await uploads.uploads(prefix, signal), []);
    }));

  test("a part may be sent again, with the same bytes or others", () =>
    withUploads(async (place) => {
      const { store, uploads, key } = place;
      const upload = await begin(place);
      const first = await send(uploads, upload, 1);
      assert.deepEqual(await send(uploads, upload, 1), first);
      const other = await send(uploads, upload, 1, contentOf(2));
      assert.notEqual(other.etag, first.etag);
      assert.equal(await uploads.complete(upload, [first], signal), "refused");
      assert.notEqual(await uploads.complete(upload, [other], signal), "refused");
      assert.ok((await bytesOf(store, key))?.equals(contentOf(2)));
    }));

  test("an MD5 of the bytes or a digest of them says what a part is", () =>
    withUploads(async (place) => {
      const upload = await begin(place);
      const { etag, sha256 } = await send(place.uploads, upload, 1);
      const digest = (name: string): string => createHash(name).update(contentOf(1)).digest("hex");
      assert.ok(sha256 === digest("sha256") || (sha256 === undefined && etag === digest("md5")));
    }));

  test("lists the parts from any on, as they were said to be", () =>
    withUploads(async (place) => {
      const { uploads } = place;
      const upload = await begin(place);
      assert.deepEqual(await uploads.list(upload, 0, signal), { parts: [], isLast: true });
      const parts = await sendAll(uploads, upload);
      for (const after of [0, 1, 2, 3, 100]) {
        const page = await uploads.list(upload, after, signal);
        assert.equal(page.isLast, true);
        const essence = ({ number, size, etag }: PartFacts): object => ({ number, size, etag });
        assert.deepEqual(page.parts.map(essence), parts.filter(({ number }) => number > after).map(essence));
      }
    }));

  test("refuses parts that it does not have, and goes on", () =>
    withUploads(async (place) => {
      const { store, uploads, key } = place;
      const upload = await begin(place);
      const parts = await sendAll(uploads, upload);
      const [one, two, three] = parts as [PartFacts, PartFacts, PartFacts];
      const missing = { ...three, number: 4 };
      assert.equal(await uploads.complete(upload, [...parts, missing], signal), "refused");
      const wrong = { ...two, etag: one.etag, sha256: one.sha256 };
      assert.equal(await uploads.complete(upload, [one, wrong, three], signal), "refused");
      assert.equal(await store.head(key, signal), undefined);
      assert.notEqual(await uploads.complete(upload, parts, signal), "refused");
    }));

  test("takes the place of the object that was there", () =>
    withUploads(async (place) => {
      const { store, uploads, key } = place;
      await store.put(key, textPayload("old"), signal);
      const upload = await begin(place);
      const parts = await sendAll(uploads, upload);
      assert.equal(await textOf(store, key), "old");
      assert.notEqual(await uploads.complete(upload, parts, signal), "refused");
      assert.ok((await bytesOf(store, key))?.equals(Buffer.concat(contents)));
    }));

  test("an upload that is completed is lost, and its object known by its parts", () =>
    withUploads(async (place) => {
      const { store, uploads, key } = place;
      const upload = await begin(place);
      const parts = await sendAll(uploads, upload);
      assert.equal(await uploads.madeOf(key, parts, signal), undefined);
      const made = await uploads.complete(upload, parts, signal);
      assert.ok(made !== "refused");
      const found = await uploads.madeOf(key, parts, signal);
      assert.deepEqual(found, { etag: made.etag, isProven: true });
      if (remembersEnded === undefined) await expectLost(uploads, upload);
      assert.deepEqual(await uploads.uploads(place.prefix, signal), [], "what came too late is not kept");
      assert.equal(await uploads.madeOf(key, parts.slice(0, 2), signal), undefined);
      const [one, two, three] = parts as [PartFacts, PartFacts, PartFacts];
      const other = { ...two, etag: one.etag, sha256: one.sha256 };
      assert.notEqual((await uploads.madeOf(key, [one, other, three], signal))?.isProven, true);
      const total = Buffer.concat(contents);
      await store.put(key, textPayload(Buffer.alloc(total.length)), signal);
      assert.notEqual((await uploads.madeOf(key, parts, signal))?.isProven, true);
    }));

  async function expectLost(uploads: MultipartUploads, upload: UploadPlace): Promise<void> {
    const lost = { code: "UploadLost" };
    await assert.rejects(uploads.list(upload, 0, signal), lost);
    await assert.rejects(uploads.list(upload, 2, signal), lost);
    await assert.rejects(send(uploads, upload, 2), lost);
    const part = { number: 1, size: contentOf(1).length, etag: "d41d8cd98f00b204e9800998ecf8427e" };
    // Some stores know of an upload for a while after its end, and still do not have the part.
    const ended = await uploads.complete(upload, [part], signal).catch((error: unknown) => error);
    if (ended !== "refused") assert.equal((ended as { code?: string }).code, lost.code);
  }

  test("an upload that is aborted is lost with its parts; others go on", () =>
    withUploads(async (place) => {
      const { prefix, uploads } = place;
      const [upload, other] = [await begin(place), await begin(place)];
      const below = {
        key: `${prefix}z/deep`,
        id: await uploads.begin(`${prefix}z/deep`, "text/plain", signal),
      };
      await sendAll(uploads, upload);
      const begun = async (below: string): Promise<string[]> =>
        (await uploads.uploads(prefix + below, signal)).map(({ id }) => id).toSorted();
      assert.deepEqual(await begun(""), [upload.id, other.id, below.id].toSorted());
      assert.deepEqual(await begun("made"), [upload.id, other.id].toSorted());
      assert.deepEqual(await begun("z/"), [below.id]);
      await uploads.abort(upload, signal);
      await uploads.abort(upload, signal);
      await expectLost(uploads, upload);
      assert.deepEqual(await begun(""), [other.id, below.id].toSorted());
      const parts = await sendAll(uploads, other);
      assert.notEqual(await uploads.complete(other, parts, signal), "refused");
      await uploads.abort(below, signal);
      assert.deepEqual(await begun(""), []);
    }));

  test("cancelled before they began, they do nothing", () =>
    withUploads(async (place) => {
      const { prefix, uploads, key } = place;
      const upload = await begin(place);
      const parts = await sendAll(uploads, upload);
      const aborted = AbortSignal.abort(new Error("enough"));
      const calls: Record<string, () => Promise<unknown>> = {
        begin: () => uploads.begin(key, "text/plain", aborted),
        put: () => uploads.put({ ...upload, number: 1 }, textPayload("x"), aborted),
        list: () => uploads.list(upload, 0, aborted),
        complete: () => uploads.complete(upload, parts, aborted),
        madeOf: () => uploads.madeOf(key, parts, aborted),
        abort: () => uploads.abort(upload, aborted),
        uploads: () => uploads.uploads(prefix, aborted),
      };
      for (const [call, run] of Object.entries(calls))
        await assert.rejects(async () => run(), { message: "enough" }, call);
      assert.deepEqual(await uploads.uploads(prefix, signal), [upload]);
      assert.notEqual(await uploads.complete(upload, parts, signal), "refused");
    }));
}
