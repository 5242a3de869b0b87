/** URLs by which anyone can read one object for a while: signed here, nothing is asked. */
import { GetObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { getSignedUrl } from "@aws-sdk/s3-request-presigner";
import type { BucketLocation } from "../../../domain/location.ts";
import type { ObjectStore } from "../../../domain/ports/object-store.ts";
import type { Bucket } from "./sending.ts";
import { ask } from "./sending.ts";

/** SigV4 knows no longer ones. */
const longest = 7 * 24 * 3600;

/** Undefined where there are no credentials to sign with. `publicEndpoint` is how receivers reach the store, where that is another way than ours. */
export function presigner(
  bucket: Bucket,
  { parameters }: BucketLocation,
  now: () => number,
): ObjectStore["presign"] {
  if (parameters["anonymous"] === "true") return undefined;
  const { client, name: Bucket } = bucket;
  const endpoint = parameters["publicEndpoint"];
  const signing =
    endpoint === undefined
      ? client
      : new S3Client({
          endpoint,
          region: client.config.region,
          credentials: client.config.credentials,
          forcePathStyle: parameters["forcePathStyle"] === "true",
        });
  return (key, terms, signal) => {
    const { contentDisposition, contentType } = terms;
    const command = new GetObjectCommand({
      Bucket,
      Key: key,
      ...(contentDisposition === undefined ? undefined : { ResponseContentDisposition: contentDisposition }),
      ...(contentType === undefined ? undefined : { ResponseContentType: contentType }),
    });
    const expiresIn = Math.min(longest, Math.max(1, Math.floor(terms.expiresInSeconds)));
    const run = (): Promise<string> =>
      getSignedUrl(signing, command, { expiresIn, signingDate: new Date(now()) });
    return ask(bucket, { operation: "GetObject", key, run }, signal);
  };
}
