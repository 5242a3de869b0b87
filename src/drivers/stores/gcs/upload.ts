/** Sends an object in one request, with the checksum by which the store knows whether it has every byte. */
import { createHash, randomUUID } from "node:crypto";
import { crc32c } from "../../../domain/crc32c.ts";
import { LongshoreError } from "../../../domain/errors.ts";
import type { Payload } from "../../../domain/ports/object-store.ts";
import type { HttpBody } from "./http.ts";
import { crc32cText, type GcsObject, objectFields, objectOf } from "./objects.ts";
import { ask, type Bucket, json } from "./sending.ts";

export interface NewObject {
  readonly name: string;
  /** For messages. */
  readonly key: string;
  readonly payload: Payload;
  /** What must stand there: "0" is nothing. */
  readonly ifGenerationMatch?: string | undefined;
  readonly metadata?: Readonly<Record<string, string>>;
  /** May answer for an error that is none here. */
  readonly rescue?: (error: unknown) => Promise<GcsObject>;
}

/** Says what the store then has. */
export async function insertObject(
  bucket: Bucket,
  { name, key, payload, ifGenerationMatch, metadata, rescue }: NewObject,
  signal: AbortSignal,
): Promise<GcsObject> {
  signal.throwIfAborted();
  const resource = {
    contentType: payload.contentType ?? "application/octet-stream",
    crc32c: crc32cText(await checkedSum(payload, signal)),
    metadata,
    storageClass: bucket.storageClass,
  };
  return ask(
    bucket,
    {
      operation: "objects.insert",
      key,
      method: "POST",
      path: `/upload/storage/v1/b/${encodeURIComponent(bucket.name)}/o`,
      query: {
        uploadType: "multipart",
        name,
        ifGenerationMatch,
        kmsKeyName: bucket.kmsKeyName,
        fields: objectFields,
      },
      body: relatedBody(resource, payload),
      use: json(objectOf),
      rescue,
    },
    signal,
  );
}

/** The checksum comes before the bytes, so they are read twice; what is read must still be what was packed. */
async function checkedSum(payload: Payload, signal: AbortSignal): Promise<number> {
  const digest = createHash("sha256");
  let sum = 0;
  const opened = payload.open();
  for await (const bytes of opened instanceof Uint8Array ? [opened] : opened) {
    signal.throwIfAborted();
    digest.update(bytes);
    sum = crc32c(bytes, sum);
  }
  if (digest.digest("hex") !== payload.sha256)
    throw new LongshoreError("ScratchFailed", "what was kept to be sent is no longer what was packed");
  return sum;
}

/** The object's metadata and then its bytes (RFC 2387). */
function relatedBody(resource: object, payload: Payload): HttpBody & { readonly type: string } {
  const boundary = `longshore-${randomUUID()}`;
  const head = Buffer.from(
    `--${boundary}\r\nContent-Type: application/json; charset=UTF-8\r\n\r\n${JSON.stringify(resource)}\r\n` +
      `--${boundary}\r\nContent-Type: application/octet-stream\r\n\r\n`,
  );
  const tail = Buffer.from(`\r\n--${boundary}--\r\n`);
  return {
    type: `multipart/related; boundary=${boundary}`,
    size: head.length + payload.size + tail.length,
    open: async function* () {
      yield head;
      const opened = payload.open();
      yield* opened instanceof Uint8Array ? [opened] : opened;
      yield tail;
    },
  };
}
