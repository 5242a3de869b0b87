/** Buckets of Google Cloud Storage by its JSON API, one call of it or a few small ones a call. */
import type { Environment } from "../../domain/environment.ts";
import { LongshoreError } from "../../domain/errors.ts";
import { type BucketLocation, displayedBucket } from "../../domain/location.ts";
import type { ObjectStore } from "../../domain/ports/object-store.ts";
import { conditionalPut } from "./gcs/conditional-put.ts";
import { copyObject } from "./gcs/copying.ts";
import { defaultCredentials, type TokenSource } from "./gcs/credentials.ts";
import { type Endpoint, endpointOf, maySendToken } from "./gcs/endpoint.ts";
import { findObject, listKeys, listPage } from "./gcs/listing.ts";
import { multipartUploads } from "./gcs/multipart.ts";
import { longestName, nameOfKey } from "./gcs/names.ts";
import { factsOf } from "./gcs/objects.ts";
import { presigner } from "./gcs/presign.ts";
import { readObject } from "./gcs/reading.ts";
import { keyRemover } from "./gcs/removing.ts";
import type { Bucket } from "./gcs/sending.ts";
import { insertObject } from "./gcs/upload.ts";

/** Nothing is asked yet; URLs are signed at `now`, in milliseconds. Throws InvalidArgument. */
export function openGcsStore(
  location: BucketLocation,
  environment: Environment,
  now: () => number = Date.now,
): ObjectStore {
  const { userProject, kmsKeyName, storageClass } = location.parameters;
  const endpoint = endpointOf(location, environment);
  const displayed = displayedBucket(location);
  const bucket: Bucket = {
    endpoint,
    name: location.bucket,
    displayed,
    tokens: tokensFor(location, endpoint, { environment, displayed }),
    userProject,
    kmsKeyName,
    storageClass,
  };
  const presign = presigner(location, endpoint, { environment, now });
  return {
    kind: "gs",
    displayed,
    identity: endpoint.url.href,
    bucket: location.bucket,
    longestKey: longestName,
    check: async (signal) => {
      await listPage(bucket, { prefix: "", startOffset: undefined, pageToken: undefined, most: 1 }, signal);
    },
    put: async (key, payload, signal) => {
      await insertObject(bucket, { name: nameOfKey(key), key, payload }, signal);
    },
    putIfAbsent: conditionalPut(bucket),
    get: (key, wanted, signal) => readObject(bucket, key, wanted, signal),
    head: async (key, signal) => {
      const found = await findObject(bucket, nameOfKey(key), signal);
      return found === undefined ? undefined : factsOf(found);
    },
    list: (query, signal) => listKeys(bucket, query, signal),
    remove: keyRemover(bucket),
    copy: (from, key, signal) => copyObject(bucket, from, key, signal),
    ...(presign === undefined ? undefined : { presign }),
    multipart: multipartUploads(bucket),
  };
}

/** Undefined where requests go without credentials. */
function tokensFor(
  { parameters }: BucketLocation,
  endpoint: Endpoint,
  { environment, displayed }: { readonly environment: Environment; readonly displayed: string },
): TokenSource | undefined {
  const { anonymous } = parameters;
  if (anonymous === "true") return undefined;
  if (maySendToken(endpoint, environment)) return defaultCredentials(environment, displayed);
  if (anonymous === undefined) return undefined;
  throw new LongshoreError(
    "InvalidArgument",
    `${endpoint.url.origin} is not trusted with the credentials that anonymous=false asks for`,
    { hint: "name its origin in LONGSHORE_GS_TRUSTED_ENDPOINTS in the environment" },
  );
}
