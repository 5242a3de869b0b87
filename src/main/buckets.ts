/** Opens places in object stores: driver of the scheme, retries around it, source or destination over that. */
import { tmpdir } from "node:os";
import type { BucketLocation } from "../domain/location.ts";
import type { Destination } from "../domain/ports/destination.ts";
import type { ObjectStore } from "../domain/ports/object-store.ts";
import type { Source } from "../domain/ports/source.ts";
import { type RetryPolicy, withRetries } from "../engine/store-retries.ts";

/** A store that is away for a minute or two is waited for; pauses are random, so that many workers don't come back at once. */
const policy: RetryPolicy = {
  attempts: 10,
  attemptsAtFirst: 5,
  firstPause: 200,
  longestPause: 20_000,
  budget: 200,
  random: Math.random,
};

/** Bytes on their way that one worker holds in memory; what is more goes to scratch. */
const memory = 128 * 2 ** 20;

export async function openBucketAsDestination(location: BucketLocation): Promise<Destination> {
  const [store, { openBucketDestination }] = await Promise.all([
    openStore(location),
    import("../drivers/destinations/bucket.ts"),
  ]);
  return openBucketDestination({ store, location, scratch: tmpdir(), memory });
}

export async function openBucketAsSource(location: BucketLocation): Promise<Source> {
  const [store, { openBucketSource }, { pathFilter }] = await Promise.all([
    openStore(location),
    import("../drivers/sources/bucket.ts"),
    import("../drivers/sources/filesystem/patterns.ts"),
  ]);
  return openBucketSource({ store, location, pathFilter });
}

async function openStore(location: BucketLocation): Promise<ObjectStore> {
  switch (location.scheme) {
    case "s3": {
      const { openS3Store } = await import("../drivers/stores/s3.ts");
      return withRetries(openS3Store(location, process.env), policy);
    }
    case "az": {
      const { openAzureStore } = await import("../drivers/stores/azure.ts");
      return withRetries(openAzureStore(location, process.env), policy);
    }
    case "gs": {
      const { openGcsStore } = await import("../drivers/stores/gcs.ts");
      return withRetries(openGcsStore(location, process.env), policy);
    }
  }
}
