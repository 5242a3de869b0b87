/** Lists and removes keys of a bucket. */
import { createHash } from "node:crypto";
import { DeleteObjectCommand, DeleteObjectsCommand, ListObjectsV2Command } from "@aws-sdk/client-s3";
import type { ListObjects, ObjectPage } from "../../../domain/ports/object-store.ts";
import { isMissing } from "./errors.ts";
import { decodedKey, unquoted } from "./keys.ts";
import { ask, type Bucket } from "./sending.ts";

export async function listKeys(bucket: Bucket, query: ListObjects, signal: AbortSignal): Promise<ObjectPage> {
  const { prefix, after, limit } = query;
  const command = new ListObjectsV2Command({
    Bucket: bucket.name,
    Prefix: prefix,
    EncodingType: "url",
    ...(after === undefined ? undefined : { StartAfter: after }),
    ...(limit === undefined ? undefined : { MaxKeys: limit }),
  });
  const page = await ask(
    bucket,
    { operation: "ListObjectsV2", key: prefix, run: (options) => bucket.client.send(command, options) },
    signal,
  );
  const objects = (page.Contents ?? []).map(({ Key = "", Size = 0, ETag, LastModified }) => ({
    key: decodedKey(Key, page.EncodingType),
    size: Size,
    etag: unquoted(ETag),
    modifiedAt: LastModified?.getTime() ?? 0,
  }));
  return { objects, isLast: page.IsTruncated !== true || objects.length === 0 };
}

/** Characters that XML 1.0 has no place for: a key with one can't stand in a list of keys. */
// oxlint-disable-next-line no-control-regex -- control characters are what is looked for
const unspeakable = /[\x00-\x08\x0b\x0c\x0e-\x1f\x0d\ufffe\uffff]/;

export async function removeKeys(
  bucket: Bucket,
  keys: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  const listed = keys.length > 1 ? keys.filter((key) => !unspeakable.test(key)) : [];
  const single = keys.length > 1 ? keys.filter((key) => unspeakable.test(key)) : keys;
  if (listed.length > 0) await removeListed(bucket, listed, signal);
  for (const key of single) await removeOne(bucket, key, signal);
}

async function removeOne(bucket: Bucket, key: string, signal: AbortSignal): Promise<void> {
  const command = new DeleteObjectCommand({ Bucket: bucket.name, Key: key });
  await ask<unknown>(
    bucket,
    {
      operation: "DeleteObject",
      key,
      run: (options) => bucket.client.send(command, options),
      rescue: (error) => {
        if (!isMissing(error)) throw error;
        return undefined;
      },
    },
    signal,
  );
}

async function removeListed(bucket: Bucket, keys: readonly string[], signal: AbortSignal): Promise<void> {
  const command = withContentMd5(
    new DeleteObjectsCommand({
      Bucket: bucket.name,
      Delete: { Quiet: true, Objects: keys.map((Key) => ({ Key })) },
    }),
  );
  await ask(
    bucket,
    {
      operation: "DeleteObjects",
      run: async (options) => {
        const removed = await bucket.client.send(command, options);
        const failed = removed.Errors?.find(({ Code }) => Code !== "NoSuchKey");
        // Whoever answers 200 to the whole may still have refused some: that is the error of those.
        if (failed !== undefined)
          throw Object.assign(new Error(failed.Message ?? failed.Code), { name: failed.Code ?? "" });
        return removed;
      },
    },
    signal,
  );
}

/** Older stores take a list of keys only with this digest of it; the SDK no longer makes it. */
function withContentMd5(command: DeleteObjectsCommand): DeleteObjectsCommand {
  command.middlewareStack.add(
    (next) => (args) => {
      const request = args.request as { body?: unknown; headers: Record<string, string> };
      if (typeof request.body === "string" || request.body instanceof Uint8Array)
        request.headers["content-md5"] = createHash("md5").update(request.body).digest("base64");
      return next(args);
    },
    { step: "build", priority: "low" },
  );
  return command;
}
