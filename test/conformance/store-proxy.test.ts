import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { bucketLocation } from "../fixtures/buckets.ts";
import type { Environment } from "../../src/domain/environment.ts";
import type { BucketLocation } from "../../src/domain/location.ts";
import type { ObjectStore } from "../../src/domain/ports/object-store.ts";
import { openAzureStore } from "../../src/drivers/stores/azure.ts";
import { openGcsStore } from "../../src/drivers/stores/gcs.ts";
import { openS3Store } from "../../src/drivers/stores/s3.ts";

const { signal } = new AbortController();

type Open = (location: BucketLocation, environment: Environment) => ObjectStore;

const stores: readonly (readonly [location: string, open: Open])[] = [
  ["s3://box?endpoint=http://store.invalid&region=us-east-1&forcePathStyle=true", openS3Store],
  ["az://box?account=me&endpoint=http://store.invalid", openAzureStore],
  ["gs://box?endpoint=http://store.invalid", openGcsStore],
];

async function closed(server: Server): Promise<void> {
  server.close();
  server.closeAllConnections();
  await once(server, "close");
}

for (const [text, open] of stores) {
  const scheme = text.slice(0, 2);
  test(`${scheme}: every request goes by the proxy that the location names, whatever the environment says`, async () => {
    const seen: string[] = [];
    const proxy = createServer(({ url }, response) => {
      seen.push(url ?? "");
      response.writeHead(404, { "content-type": "text/plain" }).end();
    });
    proxy.listen(0, "127.0.0.1");
    await once(proxy, "listening");
    const { port } = proxy.address() as AddressInfo;
    const environment = { HTTP_PROXY: "http://127.0.0.1:9", NO_PROXY: "store.invalid" };
    const location = (by: number): BucketLocation =>
      bucketLocation(`${text}&anonymous=true&proxy=http://127.0.0.1:${by}`);
    try {
      await assert.rejects(open(location(port), environment).check(signal), { code: "BucketNotFound" });
      assert.match(seen.join(" "), /^http:\/\/store\.invalid\//);
    } finally {
      await closed(proxy);
    }
    await assert.rejects(open(location(port), environment).check(signal), {
      code: "StoreUnreachable",
      hint: /the proxy/,
    });
  });
}
