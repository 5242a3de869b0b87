/** Asks for what a store says of an object; the answer to that has no body, so a refusal of it does not say why. */
import { GetObjectCommand, HeadObjectCommand, type HeadObjectCommandOutput } from "@aws-sdk/client-s3";
import { noBytes, readBody } from "../../connections/read-body.ts";
import { isMissing, statusOf } from "./errors.ts";
import { ask, type Bucket } from "./sending.ts";

/** Undefined for an object that is not there; a bucket that is not there is an error. */
export function askHead(
  bucket: Bucket,
  { key, ...more }: { readonly key: string; readonly ChecksumMode?: "ENABLED" },
  signal: AbortSignal,
): Promise<HeadObjectCommandOutput | undefined> {
  const { client, name: Bucket } = bucket;
  return ask<HeadObjectCommandOutput | undefined>(
    bucket,
    {
      operation: "HeadObject",
      key,
      run: (options) => client.send(new HeadObjectCommand({ Bucket, Key: key, ...more }), options),
      rescue: async (error) => {
        if (isMissing(error)) return undefined;
        if (isRefusal(error)) await findReason(bucket, key, signal);
        throw error;
      },
    },
    signal,
  );
}

const isRefusal = (error: unknown): boolean => statusOf(error) === 400 || statusOf(error) === 403;

/** Asks for a byte of it: throws what the store says to that, in its own words. */
async function findReason({ client, name: Bucket }: Bucket, key: string, signal: AbortSignal): Promise<void> {
  const command = new GetObjectCommand({ Bucket, Key: key, Range: "bytes=0-0" });
  const found = await client.send(command, { abortSignal: signal }).catch((error: unknown) => {
    if (isRefusal(error)) throw error;
    return {};
  });
  const bytes = "Body" in found ? readBody(found.Body, (error) => error, signal) : noBytes;
  await bytes[Symbol.asyncIterator]().return?.();
}
