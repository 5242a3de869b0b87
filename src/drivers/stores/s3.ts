/** Buckets of Amazon S3 and of every store that speaks its API, one request a call. */
import { CopyObjectCommand, GetObjectCommand, PutObjectCommand } from "@aws-sdk/client-s3";
import type { Environment } from "../../domain/environment.ts";
import { type BucketLocation, displayedBucket } from "../../domain/location.ts";
import { describedBy } from "../../domain/object-description.ts";
import type { ObjectContent, ObjectFacts, ObjectStore, Payload } from "../../domain/ports/object-store.ts";
import { noBytes, readBody } from "../connections/read-body.ts";
import { makeClient } from "./s3/client.ts";
import { conditionalPut } from "./s3/conditional-put.ts";
import { isMissing, statusOf, storeError } from "./s3/errors.ts";
import { askHead } from "./s3/head.ts";
import { copySource, unquoted } from "./s3/keys.ts";
import { listKeys, removeKeys } from "./s3/listing.ts";
import { md5Tags } from "./s3/md5-tags.ts";
import { multipartUploads } from "./s3/multipart.ts";
import { newObjectInput } from "./s3/options.ts";
import { presigner } from "./s3/presign.ts";
import { credentialRenewal } from "./s3/renewal.ts";
import { ask, type Bucket, sendPayload, withHeader } from "./s3/sending.ts";

/** Nothing is asked yet; URLs are signed at `now`, in milliseconds. Throws InvalidArgument. */
export function openS3Store(
  location: BucketLocation,
  environment: Environment,
  now: () => number = Date.now,
): ObjectStore {
  const { client, identity } = makeClient(location, environment);
  const displayed = displayedBucket(location);
  const checksums = location.parameters["checksums"] !== "none";
  const renewal = credentialRenewal(client.config.credentials);
  const bucket: Bucket = { client, name: location.bucket, displayed, checksums, renewal };
  const newObject = newObjectInput(location);
  const presign = presigner(bucket, location, now);
  const { name: Bucket } = bucket;
  const tags = md5Tags();
  const put = async (key: string, payload: Payload, extra: object, signal: AbortSignal): Promise<unknown> => {
    const answer = await sendPayload(
      bucket,
      { payload, operation: "PutObject", key },
      (body, options) => {
        const type = payload.contentType === undefined ? undefined : { ContentType: payload.contentType };
        const input = { Bucket, Key: key, ...newObject, ...type, ...body, ...extra };
        const command = withHeader(new PutObjectCommand(input), "x-amz-content-sha256", payload.sha256);
        return client.send(command, options);
      },
      signal,
    );
    tags.learn(payload, answer);
    return answer;
  };

  const metadata = async (key: string, signal: AbortSignal): Promise<Record<string, string> | undefined> => {
    const found = await askHead(bucket, { key }, signal);
    return found === undefined ? undefined : (found.Metadata ?? {});
  };

  return {
    kind: "s3",
    displayed,
    identity,
    bucket: location.bucket,
    longestKey: 1024,
    check: async (signal) => void (await listKeys(bucket, { prefix: "", limit: 1 }, signal)),
    put: async (key, payload, signal) => void (await put(key, payload, {}, signal)),
    putIfAbsent: conditionalPut({ put, metadata }),
    get: (key, { offset, length, ifMatch }, signal) =>
      ask<ObjectContent | "changed" | undefined>(
        bucket,
        {
          operation: "GetObject",
          key,
          run: async (options) => {
            const condition = ifMatch === undefined ? undefined : { IfMatch: `"${ifMatch}"` };
            const Range = `bytes=${offset}-${offset + length - 1}`;
            const found = await client.send(
              new GetObjectCommand({ Bucket, Key: key, Range, ...condition }),
              options,
            );
            const failed = (error: unknown): unknown =>
              storeError(error, { operation: "GetObject", key, displayed }, signal);
            return {
              facts: factsOf(found),
              md5: tags.md5In(found),
              bytes: readBody(found.Body, failed, signal),
            };
          },
          rescue: (error) => {
            if (statusOf(error) === 412) return "changed";
            if (statusOf(error) === 416) return emptyContent;
            return orNothing(error);
          },
        },
        signal,
      ),
    head: async (key, signal) => {
      const found = await askHead(bucket, { key }, signal);
      return found === undefined ? undefined : factsOf(found);
    },
    list: (query, signal) => listKeys(bucket, query, signal),
    remove: (keys, signal) => removeKeys(bucket, keys, signal),
    copy: (from, key, signal) =>
      ask(
        bucket,
        {
          operation: "CopyObject",
          key,
          run: async (options) => {
            const input = { Bucket, Key: key, CopySource: copySource(from), ...newObject };
            await client.send(new CopyObjectCommand(input), options);
            return true;
          },
          // Over 5 GiB, across regions, without permission: then the bytes have to go through us.
          rescue: (error) => {
            if (statusOf(error) >= 400 && statusOf(error) < 500) return false;
            throw error;
          },
        },
        signal,
      ),
    ...(presign === undefined ? undefined : { presign, presignedHasEtag: true as const }),
    multipart: multipartUploads(bucket, newObject),
  };
}

/** For an object that is not there; a bucket that is not there is an error. */
function orNothing(error: unknown): undefined {
  if (isMissing(error)) return undefined;
  throw error;
}

/** A range behind the end of an object. */
const emptyContent: ObjectContent = { facts: { size: 0, etag: "", modifiedAt: 0 }, bytes: noBytes };

interface AnsweredObject {
  readonly ContentLength?: number | undefined;
  readonly ContentRange?: string | undefined;
  readonly ETag?: string | undefined;
  readonly LastModified?: Date | undefined;
  readonly ContentType?: string | undefined;
  readonly Metadata?: Record<string, string> | undefined;
}

function factsOf(answer: AnsweredObject): ObjectFacts {
  const { ContentLength, ContentRange, ETag, LastModified, ContentType, Metadata } = answer;
  const whole = /\/(\d+)$/.exec(ContentRange ?? "")?.[1];
  return {
    size: whole === undefined ? (ContentLength ?? 0) : Number(whole),
    etag: unquoted(ETag),
    modifiedAt: LastModified?.getTime() ?? 0,
    description: describedBy(ContentType, Metadata),
  };
}
