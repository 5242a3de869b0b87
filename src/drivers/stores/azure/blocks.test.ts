/** Blocks against a server that speaks Azure's API: what is committed is exactly what was named, and nothing is left lying about. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { after, before, describe, test } from "node:test";
import type { ContainerClient } from "@azure/storage-blob";
import { blocksOf, createContainer, openAzure } from "../../../../test/fixtures/azure-containers.ts";
import { freshPrefix, textPayload } from "../../../../test/fixtures/buckets.ts";
import { type AzureServer, missingAzurite, startAzurite } from "../../../../test/servers/azurite.ts";
import type {
  MultipartUploads,
  ObjectStore,
  PartFacts,
  UploadPlace,
} from "../../../domain/ports/object-store.ts";

let azurite: AzureServer;
let container: ContainerClient;
const skip = missingAzurite();
const { signal } = new AbortController();

before(async () => {
  if (skip !== false) return;
  azurite = await startAzurite();
  container = await createContainer(azurite);
});
after(() => azurite?.[Symbol.asyncDispose]());

const type = "application/zstd";
const md5 = (text: string): string => createHash("md5").update(text).digest("hex");

interface Begun extends UploadPlace {
  readonly store: ObjectStore;
  readonly uploads: MultipartUploads;
  put(number: number, text: string): Promise<PartFacts>;
  /** Numbers and tags of the parts that the store has. */
  parts(): Promise<string[]>;
}

async function begin(key = `${freshPrefix()}/x.tar.zst`, store = openAzure(azurite)): Promise<Begun> {
  const uploads = blocksOf(store);
  const place = { key, id: await uploads.begin(key, type, signal) };
  return {
    ...place,
    store,
    uploads,
    put: (number, text) => uploads.put({ ...place, number }, textPayload(text), signal),
    parts: async () => {
      const page = await uploads.list(place, 0, signal);
      assert.ok(page.isLast);
      return page.parts.map((part) => `${part.number} ${part.size} ${part.etag}`);
    },
  };
}

const at = ({ key, id }: Begun): UploadPlace => ({ key, id });
const shown = (number: number, text: string): string => `${number} ${text.length} ${md5(text)}`;

async function read(store: ObjectStore, key: string): Promise<string | undefined> {
  const content = await store.get(key, { offset: 0, length: 2 ** 40 }, signal);
  if (content === undefined || content === "changed") return content;
  return Buffer.concat(await Array.fromAsync(content.bytes)).toString();
}

/** Blocks that the server itself says nobody has committed. */
async function uncommitted(key: string): Promise<number> {
  try {
    const list = await container.getBlockBlobClient(key).getBlockList("uncommitted");
    return list.uncommittedBlocks?.length ?? 0;
  } catch (error) {
    assert.equal((error as { statusCode?: number }).statusCode, 404);
    return 0;
  }
}

describe("an upload by blocks", { skip }, () => {
  test("becomes one blob out of parts from anywhere, in any order", async () => {
    const one = await begin();
    const two = { uploads: blocksOf(openAzure(azurite)) };
    const facts = [
      await one.put(3, "third"),
      await one.uploads.put({ ...at(one), number: 1 }, textPayload("first "), signal),
      await two.uploads.put({ ...at(one), number: 2 }, textPayload("second "), signal),
    ].toSorted((a, b) => a.number - b.number);
    assert.deepEqual(await one.parts(), [shown(1, "first "), shown(2, "second "), shown(3, "third")]);
    const behind = await one.uploads.list(at(one), 2, signal);
    assert.deepEqual(behind.parts, facts.slice(2));
    assert.equal(await one.store.head(one.key, signal), undefined, "nothing is seen before it is completed");
    assert.deepEqual(await one.uploads.uploads(one.key, signal), [at(one)]);

    const completed = await two.uploads.complete(at(one), facts, signal);
    assert.ok(completed !== "refused");
    assert.equal(await read(one.store, one.key), "first second third");
    assert.equal((await one.store.head(one.key, signal))?.etag, completed.etag);
    assert.equal((await container.getBlobClient(one.key).getProperties()).contentType, type);
    assert.equal(await uncommitted(one.key), 0);
    assert.deepEqual(await one.uploads.uploads("", signal), []);
  });

  test("that was completed is lost to whoever asks again, and leaves nothing behind", async () => {
    const one = await begin();
    const facts = [await one.put(1, "a"), await one.put(2, "b")];
    const completed = await one.uploads.complete(at(one), facts, signal);
    const later = blocksOf(openAzure(azurite));
    const lost = { code: "UploadLost" };
    await assert.rejects(later.list(at(one), 0, signal), lost);
    await assert.rejects(later.put({ ...at(one), number: 2 }, textPayload("b"), signal), lost);
    await assert.rejects(later.complete(at(one), facts, signal), lost);
    await later.abort(at(one), signal);
    assert.equal(await uncommitted(one.key), 0);
    assert.equal(await read(one.store, one.key), "ab");
    assert.deepEqual(await later.madeOf(one.key, facts, signal), { ...Object(completed), isProven: true });
  });

  test("is proved by what its blocks are", async () => {
    const one = await begin();
    const facts = [await one.put(1, "a"), await one.put(2, "b")];
    await one.uploads.complete(at(one), facts, signal);
    const [a, b] = facts;
    assert.ok(a && b);
    const made = (parts: PartFacts[]) => one.uploads.madeOf(one.key, parts, signal);
    assert.equal((await made([a, b]))?.isProven, true);
    for (const others of [[b, a], [a], [a, { ...b, etag: md5("c") }], [a, { ...b, number: 3 }]])
      assert.equal(await made(others), undefined);
    assert.equal(await one.uploads.madeOf(`${one.key}2`, facts, signal), undefined);
    await one.store.put(one.key, textPayload("ab"), signal);
    assert.equal((await made([a, b]))?.isProven, false, "the same bytes by another way");
    await one.store.put(one.key, textPayload("abc"), signal);
    assert.equal(await made([a, b]), undefined);
  });

  test("is refused where a part is missing or another", async () => {
    const one = await begin();
    assert.equal(
      await one.uploads.complete(at(one), [{ number: 1, size: 1, etag: md5("a") }], signal),
      "refused",
    );
    const a = await one.put(1, "a");
    for (const wrong of [
      { ...a, etag: md5("b") },
      { ...a, size: 2 },
      { ...a, number: 2 },
    ])
      assert.equal(await one.uploads.complete(at(one), [wrong], signal), "refused");
    assert.equal(await one.store.head(one.key, signal), undefined);
    assert.ok((await one.uploads.complete(at(one), [a], signal)) !== "refused");
  });

  test("has the part that was sent last, by whomever", async () => {
    const one = await begin();
    const first = await one.put(1, "first");
    await one.put(1, "first");
    assert.equal(await uncommitted(one.key), 2, "the same bytes are the same block");
    // Whoever comes later knows of what was there, whatever its digest.
    for (const text of ["second", "third", "second", "fourth"]) {
      await blocksOf(openAzure(azurite)).put({ ...at(one), number: 1 }, textPayload(text), signal);
      assert.deepEqual(await one.parts(), [shown(1, text)]);
    }
    assert.equal(await one.uploads.complete(at(one), [first], signal), "refused");
    const last = { ...first, size: 6, etag: md5("fourth") };
    assert.notEqual(await one.uploads.complete(at(one), [last], signal), "refused");
    assert.equal(await read(one.store, one.key), "fourth");
    assert.equal(await uncommitted(one.key), 0);
  });

  test("never takes blocks of another upload of the same name", async () => {
    const [stale, kept] = [await begin("both/x"), await begin("both/x")];
    await stale.put(1, "stale");
    await stale.put(2, "stale");
    assert.deepEqual(await kept.parts(), []);
    const fact = await kept.put(1, "kept");
    assert.deepEqual(await kept.parts(), [shown(1, "kept")]);
    assert.equal((await kept.uploads.uploads("both/", signal)).length, 2);
    await kept.uploads.abort(at(stale), signal);
    assert.deepEqual(await kept.parts(), [shown(1, "kept")], "what is still needed stays");
    assert.deepEqual(await kept.uploads.uploads("both/", signal), [at(kept)]);
    const others = blocksOf(openAzure(azurite));
    await assert.rejects(others.put({ ...at(stale), number: 3 }, textPayload("late"), signal), {
      code: "UploadLost",
    });
    await kept.uploads.complete(at(kept), [fact], signal);
    assert.equal(await read(kept.store, kept.key), "kept");
    assert.equal(await uncommitted(kept.key), 0);
  });

  test("that is aborted is gone, and was never seen", async () => {
    const one = await begin();
    await one.put(1, "a");
    for (const _ of [1, 2]) {
      await one.uploads.abort(at(one), signal);
      assert.equal(await one.store.head(one.key, signal), undefined);
      assert.equal(await uncommitted(one.key), 0);
      assert.deepEqual(await one.uploads.uploads(one.key, signal), []);
      await assert.rejects(one.parts(), { code: "UploadLost" });
    }
  });

  test("is gone with all others of its name when each of them is aborted", async () => {
    const [one, two] = [await begin("all/x"), await begin("all/x")];
    await one.put(1, "a");
    await two.put(1, "b");
    // Each by somebody else: what was given up is remembered by the store.
    for (const upload of await one.uploads.uploads("all/", signal))
      await blocksOf(openAzure(azurite)).abort(upload, signal);
    assert.equal(await uncommitted("all/x"), 0);
    assert.equal(await one.store.head("all/x", signal), undefined);
  });

  test("leaves a blob that stands as it is when it is aborted", async () => {
    for (const text of ["x", ""]) {
      const one = await begin();
      await one.store.put(one.key, textPayload(text), signal);
      const before = await one.store.head(one.key, signal);
      await one.put(1, "a");
      assert.deepEqual(await one.uploads.uploads(one.key, signal), [at(one)]);
      await one.uploads.abort(at(one), signal);
      assert.deepEqual(await one.store.head(one.key, signal), before);
      assert.deepEqual(await one.uploads.uploads(one.key, signal), []);
      await assert.rejects(one.parts(), { code: "UploadLost" });
      assert.equal(await read(one.store, one.key), text);
    }
  });

  test("makes way for nobody's blocks but says whose they are, and removes them when told to", async () => {
    const key = `${freshPrefix()}/x`;
    await container.getBlockBlobClient(key).stageBlock(Buffer.from("000001").toString("base64"), "x", 1);
    await assert.rejects(begin(key), { code: "StoreUnsupported", message: /blocks of another program/ });
    const uploads = blocksOf(openAzure(azurite));
    for (const upload of await uploads.uploads(key, signal)) await uploads.abort(upload, signal);
    assert.equal(await uncommitted(key), 0);
    await (await begin(key)).put(1, "a");
  });

  test("is looked for beside blobs of other kinds", async () => {
    const one = await begin();
    await container.getPageBlobClient(`${one.key}.page`).create(0);
    await container.getAppendBlobClient(`${one.key}.log`).create();
    assert.deepEqual(await one.uploads.uploads(one.key, signal), [at(one)]);
    const other = `${one.key}.page`;
    await assert.rejects(begin(other), { code: "StoreUnsupported", message: /page blob/ });
  });

  test("takes no bytes that are not those of the digest", async () => {
    const one = await begin();
    const payload = { ...textPayload("a"), md5: md5("b") };
    await assert.rejects(one.uploads.put({ ...at(one), number: 1 }, payload, signal), {
      code: "StoreFailed",
      message: /other bytes/,
    });
    assert.deepEqual(await one.parts(), []);
    await assert.rejects(one.store.put(one.key, payload, signal), { code: "StoreFailed" });
    assert.equal(await one.store.head(one.key, signal), undefined);
  });
});
