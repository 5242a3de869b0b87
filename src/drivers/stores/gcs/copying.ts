/** Copies an object inside the store: https://cloud.google.com/storage/docs/json_api/v1/objects/rewrite */
import { isRefusal } from "./errors.ts";
import { nameOfKey } from "./names.ts";
import { recordOf } from "./objects.ts";
import { ask, type Bucket, json, jsonBody, objectPath, placeOf } from "./sending.ts";

/** Between classes of storage and regions one request copies a piece and says where to go on. */
interface Progress {
  readonly isDone: boolean;
  readonly token: string | undefined;
}

/** False where the original is not there, or the store does not copy it for us. */
export async function copyObject(
  bucket: Bucket,
  from: { readonly bucket: string; readonly key: string },
  key: string,
  signal: AbortSignal,
): Promise<boolean> {
  const { storageClass, kmsKeyName } = bucket;
  for (let token: string | undefined; ;) {
    const progress = await ask<Progress | "refused">(
      bucket,
      {
        operation: "objects.rewrite",
        key,
        method: "POST",
        path: `${objectPath(from.bucket, nameOfKey(from.key))}/rewriteTo${placeOf(bucket.name, nameOfKey(key))}`,
        query: { rewriteToken: token, destinationKmsKeyName: kmsKeyName },
        body: jsonBody({ storageClass }),
        use: json(progressOf),
        // Of another location, without permission: then the bytes have to go through us.
        rescue: (error) => {
          if (isRefusal(error)) return "refused";
          throw error;
        },
      },
      signal,
    );
    if (progress === "refused" || (!progress.isDone && progress.token === undefined)) return false;
    if (progress.isDone) return true;
    ({ token } = progress);
  }
}

function progressOf(value: unknown): Progress {
  const { done, rewriteToken } = recordOf(value);
  return { isDone: done === true, token: typeof rewriteToken === "string" ? rewriteToken : undefined };
}
