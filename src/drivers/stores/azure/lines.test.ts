/** Azure's driver with retries around it on a line that loses requests and answers: nothing is done twice, nothing is taken for done. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { blocksOf, createContainer, openAzure } from "../../../../test/fixtures/azure-containers.ts";
import { freshPrefix, textPayload } from "../../../../test/fixtures/buckets.ts";
import { mixedBytes } from "../../../../test/fixtures/mixed-bytes.ts";
import { type AzureServer, missingAzurite, startAzurite } from "../../../../test/servers/azurite.ts";
import { type FaultProxy, startFaultProxy, type Treatment } from "../../../../test/servers/fault-proxy.ts";
import type { ObjectStore } from "../../../domain/ports/object-store.ts";

let azurite: AzureServer;
const skip = missingAzurite();
const { signal } = new AbortController();

before(async () => {
  if (skip !== false) return;
  azurite = await startAzurite();
  await createContainer(azurite);
});
after(() => azurite?.[Symbol.asyncDispose]());

async function read(store: ObjectStore, key: string): Promise<string | undefined> {
  const content = await store.get(key, { offset: 0, length: 2 ** 40 }, signal);
  if (content === undefined || content === "changed") return content;
  return Buffer.concat(await Array.fromAsync(content.bytes)).toString();
}

const through = (proxy: FaultProxy): ObjectStore =>
  openAzure({ ...azurite, endpoint: `${proxy.origin}/${azurite.account}` });

describe("answers that get lost", { skip }, () => {
  /** A store behind a line that treats the request that `when` picks, once. */
  async function behind(when: RegExp, treatment: Treatment) {
    let left = 1;
    const proxy = await startFaultProxy(new URL(azurite.endpoint).origin, ({ method, path }) =>
      when.test(`${method} ${path}`) && left-- > 0 ? treatment : { how: "pass" },
    );
    return {
      store: through(proxy),
      wasHit: () => left < 1,
      [Symbol.asyncDispose]: () => proxy[Symbol.asyncDispose](),
    };
  }

  const treatments: Record<string, Treatment> = {
    "carried out": { how: "lose" },
    "cut off": { how: "cut" },
    throttled: { how: "answer", status: 503, headers: { "x-ms-error-code": "ServerBusy" } },
    "failed inside": { how: "answer", status: 500, body: "<html>" },
  };

  for (const [what, treatment] of Object.entries(treatments)) {
    test(`a write that was ${what} is known as the own one`, async () => {
      await using line = await behind(/^PUT .*first/, treatment);
      const key = `${freshPrefix()}/first`;
      assert.equal(await line.store.putIfAbsent(key, textPayload("mine"), signal), true);
      assert.equal(await line.store.putIfAbsent(key, textPayload("mine"), signal), false);
      assert.equal(await openAzure(azurite).putIfAbsent(key, textPayload("theirs"), signal), false);
      assert.equal(await read(line.store, key), "mine");
      assert.ok(line.wasHit());
    });

    test(`a block that was ${what} is there once`, async () => {
      await using line = await behind(/^PUT .*comp=block&/, treatment);
      const uploads = blocksOf(line.store);
      const key = `${freshPrefix()}/x`;
      const upload = { key, id: await uploads.begin(key, "application/zstd", signal) };
      const fact = await uploads.put({ ...upload, number: 1 }, textPayload("a"), signal);
      assert.ok(line.wasHit());
      assert.deepEqual((await uploads.list(upload, 0, signal)).parts, [fact]);
      assert.notEqual(await uploads.complete(upload, [fact], signal), "refused");
    });

    test(`a completion that was ${what} is found`, async () => {
      await using line = await behind(/^PUT .*comp=blocklist/, treatment);
      const uploads = blocksOf(line.store);
      const key = `${freshPrefix()}/x`;
      const upload = { key, id: await uploads.begin(key, "application/zstd", signal) };
      const facts = [];
      for (const [i, text] of ["a", "b"].entries())
        facts.push(await uploads.put({ ...upload, number: i + 1 }, textPayload(text), signal));
      const completing = uploads.complete(upload, facts, signal);
      if (treatment.how === "lose") await assert.rejects(completing, { code: "UploadLost" });
      else assert.notEqual(await completing, "refused");
      assert.ok(line.wasHit());
      assert.equal((await uploads.madeOf(key, facts, signal))?.isProven, true);
      assert.equal(await read(line.store, key), "ab");
    });
  }

  test("a range that was cut goes on where it stopped", async () => {
    const bytes = mixedBytes(3_000_000, "cut");
    const key = `${freshPrefix()}/x`;
    await openAzure(azurite).put(key, textPayload(bytes), signal);
    await using proxy = await startFaultProxy(new URL(azurite.endpoint).origin, () => ({
      how: "pass",
      most: 1_000_000,
    }));
    const content = await through(proxy).get(key, { offset: 10, length: 2_900_000 }, signal);
    assert.ok(typeof content === "object");
    assert.deepEqual(Buffer.concat(await Array.fromAsync(content.bytes)), bytes.subarray(10, 2_900_010));
    assert.ok(proxy.requests.length > 2);
  });

  test("a line that stays broken ends with what is wrong with it", async () => {
    await using proxy = await startFaultProxy(new URL(azurite.endpoint).origin, () => ({ how: "cut" }));
    const broken = { code: "StoreUnreachable", message: /broke the connection/ };
    await assert.rejects(through(proxy).check(signal), broken);
    assert.equal(proxy.requests.length, 5, "as often as the wrapper asks, and nobody else");
  });

  test("a call that is cancelled on the way ends at once, with the reason", async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    await using proxy = await startFaultProxy(new URL(azurite.endpoint).origin, () => {
      resolve();
      return { how: "silence" };
    });
    const controller = new AbortController();
    const put = through(proxy).put("x", textPayload("x"), controller.signal);
    await promise;
    controller.abort(new Error("enough"));
    await assert.rejects(put, { message: "enough" });
  });
});
