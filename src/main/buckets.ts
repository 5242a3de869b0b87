/** Opens places in object stores: driver of the scheme, retries around it, source or destination over that. */
import { tmpdir } from "node:os";
import { isDeepStrictEqual } from "node:util";
import { isMainThread } from "node:worker_threads";
import { LongshoreError } from "../domain/errors.ts";
import type { BucketLocation } from "../domain/location.ts";
import type { BucketScheme } from "../domain/location-parameters.ts";
import type { Destination } from "../domain/ports/destination.ts";
import type { ObjectStore } from "../domain/ports/object-store.ts";
import type { Source } from "../domain/ports/source.ts";
import { withReplacedCredentials } from "../engine/store-credentials.ts";
import { withLimits } from "../engine/store-limits.ts";
import { withMetrics } from "../engine/store-metrics.ts";
import { type RetryPolicy, withRetries } from "../engine/store-retries.ts";
import { limitsOf } from "./store-limits.ts";
import { storeMeter } from "./store-metering.ts";

/** A store that is away for a minute or two is waited for; pauses are random, so that many workers don't come back at once. */
const policy: RetryPolicy = {
  attempts: 10,
  // A worker thread begins when others have reached the store already: for it, too, one that is away is waited for.
  attemptsAtFirst: isMainThread ? 5 : 10,
  firstPause: 200,
  longestPause: 20_000,
  budget: 200,
  random: Math.random,
};

/** Bytes on their way that one worker holds in memory: most of a part. What is more goes to scratch. */
const memory = 56 * 2 ** 20;

export interface DestinationMeans {
  /** What records and messages have, where that is not all of the location. */
  readonly seen?: BucketLocation | undefined;
  /** A folder for what does not fit in memory: the system's where none is said. It need not exist. */
  readonly scratch?: string | undefined;
}

export async function openBucketAsDestination(
  location: BucketLocation,
  { seen = location, scratch = tmpdir() }: DestinationMeans = {},
): Promise<Destination> {
  const [store, { openBucketDestination }] = await Promise.all([
    openStore(location),
    import("../drivers/destinations/bucket.ts"),
  ]);
  return openBucketDestination({ store, location: seen, scratch, memory });
}

/** `seen` is what records and messages have, where that is not all of the location. */
export async function openBucketAsSource(
  location: BucketLocation,
  seen: BucketLocation = location,
): Promise<Source> {
  const [store, { openBucketSource }] = await Promise.all([
    openStore(location),
    import("../drivers/sources/bucket.ts"),
  ]);
  return openBucketSource({ store, location: seen });
}

/** Asks again where that may help; every attempt is limited and counted. */
export async function openStore(location: BucketLocation): Promise<ObjectStore> {
  const driver = await openDriver(location);
  const meter = storeMeter();
  const metered = meter === undefined ? driver : withMetrics(driver, meter, () => performance.now());
  return withRetries(withLimits(metered, limitsOf(location)), policy);
}

/** One request a call. */
export async function openDriver(location: BucketLocation): Promise<ObjectStore> {
  const open = await loadDriver(location.scheme);
  const { credentials } = location.parameters;
  if (credentials === undefined) return open(location, process.env);
  refuseOthers(location);
  const { withCredentialsOf } = await import("./credentials-file.ts");
  return withReplacedCredentials({
    read: () => withCredentialsOf(credentials, location.scheme, process.env),
    areSame: isDeepStrictEqual,
    open: (environment) => open(location, environment),
    now: () => performance.now(),
  });
}

type OpenDriver = (location: BucketLocation, environment: NodeJS.ProcessEnv) => ObjectStore;

async function loadDriver(scheme: BucketScheme): Promise<OpenDriver> {
  switch (scheme) {
    case "s3":
      return (await import("../drivers/stores/s3.ts")).openS3Store;
    case "az":
      return (await import("../drivers/stores/azure.ts")).openAzureStore;
    case "gs":
      return (await import("../drivers/stores/gcs.ts")).openGcsStore;
  }
}

/** Of two ways to be somebody, nobody could tell which was taken. */
function refuseOthers({ scheme, parameters }: BucketLocation): void {
  const other = ["anonymous", "profile"].find((name) => parameters[name] !== undefined);
  if (other === undefined) return;
  throw new LongshoreError("InvalidArgument", `the ${scheme}:// location has credentials and ${other}`, {
    hint: "give one of the two",
  });
}
