/** Blobs that no single request can carry, against a server that speaks Azure's API. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { ContainerClient } from "@azure/storage-blob";
import {
  azureBucket,
  azureEnv,
  blocksOf,
  createContainer,
  openAzure,
} from "../../../../test/fixtures/azure-containers.ts";
import { freshPrefix, textPayload } from "../../../../test/fixtures/buckets.ts";
import { mixedBytes } from "../../../../test/fixtures/mixed-bytes.ts";
import { type AzureServer, missingAzurite, startAzurite } from "../../../../test/servers/azurite.ts";
import type { Payload } from "../../../domain/ports/object-store.ts";
import { makeContainer } from "./client.ts";
import { putBlob } from "./put.ts";

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

describe("a blob larger than one request", { skip }, () => {
  const limits = { atOnce: 100_000, blockSize: 70_000 };
  const streamed = (bytes: Buffer, size: number): Payload => ({
    ...textPayload(bytes),
    open: async function* () {
      for (let from = 0; from < bytes.length; from += size) yield bytes.subarray(from, from + size);
    },
  });

  test("is put by blocks, whatever the pieces it comes in", async () => {
    const { container: place } = makeContainer(azureBucket(azurite, ""), azureEnv(azurite), Date.now);
    for (const size of [100_001, 140_000, 500_000])
      for (const piece of [1 << 20, 70_000, 999, 70_001]) {
        const bytes = mixedBytes(size, `${size}`);
        const key = `${freshPrefix()}/x`;
        assert.equal(await putBlob(place, { key, payload: streamed(bytes, piece), limits }, signal), true);
        const found = await container.getBlobClient(key).downloadToBuffer();
        assert.ok(found.equals(bytes), `${size} in ${piece}`);
        const list = await container.getBlockBlobClient(key).getBlockList("all");
        assert.equal(list.committedBlocks?.length, Math.ceil(size / limits.blockSize));
        assert.equal(list.uncommittedBlocks?.length ?? 0, 0);
      }
  });

  test("that fails on the way is not there", async () => {
    const { container: place } = makeContainer(azureBucket(azurite, ""), azureEnv(azurite), Date.now);
    const key = `${freshPrefix()}/x`;
    let opened = 0;
    const payload: Payload = {
      ...textPayload(mixedBytes(300_000, "x")),
      open: async function* () {
        yield mixedBytes(150_000, "x");
        if (++opened === 2) throw new Error("the disk is gone");
        yield mixedBytes(150_000, "y");
      },
    };
    await assert.rejects(putBlob(place, { key, payload, limits }, signal), { message: "the disk is gone" });
    const uploads = blocksOf(openAzure(azurite));
    assert.equal(await openAzure(azurite).head(key, signal), undefined);
    const left = await uploads.uploads(key, signal);
    assert.equal(left.length, 1, "what was sent can be found and removed");
    for (const upload of left) await uploads.abort(upload, signal);
    assert.deepEqual(await uploads.uploads(key, signal), []);
  });
});
