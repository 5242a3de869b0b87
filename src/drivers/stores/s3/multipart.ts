/** Multipart uploads of the S3 API: one object out of parts that come from anywhere, in any order. */
import { createHash } from "node:crypto";
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  ListMultipartUploadsCommand,
  ListPartsCommand,
  UploadPartCommand,
  UploadPartCopyCommand,
} from "@aws-sdk/client-s3";
import type { MultipartUploads, PartFacts, UploadPlace } from "../../../domain/ports/object-store.ts";
import { isUnsupported, nameOf, statusOf } from "./errors.ts";
import { askHead } from "./head.ts";
import { copySource, decodedKey, unquoted } from "./keys.ts";
import type { NewObjectInput } from "./options.ts";
import { ask, type Bucket, sendPayload, withHeader } from "./sending.ts";

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html */
const smallestPart = 5 * 2 ** 20;
const mostParts = 10_000;

/** Answers to a completion that name what the store does not have. */
const refusals = new Set(["InvalidPart", "InvalidPartOrder", "EntityTooSmall"]);

export function multipartUploads(bucket: Bucket, newObject: NewObjectInput): MultipartUploads {
  const { client, name: Bucket, checksums } = bucket;
  const algorithm = checksums ? ({ ChecksumAlgorithm: "SHA256" } as const) : undefined;
  return {
    smallestPart,
    mostParts,
    begin: async (key, contentType, signal) => {
      const input = { Bucket, Key: key, ContentType: contentType, ...newObject, ...algorithm };
      const { UploadId = "" } = await ask(
        bucket,
        {
          operation: "CreateMultipartUpload",
          key,
          run: (o) => client.send(new CreateMultipartUploadCommand(input), o),
        },
        signal,
      );
      return UploadId;
    },
    put: async ({ key, id, number }, payload, signal) => {
      const answer = await sendPayload(
        bucket,
        { payload, operation: "UploadPart", key },
        (body, o) => {
          const command = new UploadPartCommand({
            Bucket,
            Key: key,
            UploadId: id,
            PartNumber: number,
            ...body,
          });
          return client.send(withHeader(command, "x-amz-content-sha256", payload.sha256), o);
        },
        signal,
      );
      return partFacts({ ...answer, PartNumber: number, Size: payload.size });
    },
    copy: ({ key, id, number }, { offset, length, ...from }, signal) => {
      const command = new UploadPartCopyCommand({
        Bucket,
        Key: key,
        UploadId: id,
        PartNumber: number,
        CopySource: copySource(from),
        CopySourceRange: `bytes=${offset}-${offset + length - 1}`,
      });
      return ask<PartFacts | undefined>(
        bucket,
        {
          operation: "UploadPartCopy",
          key,
          run: async (o) => {
            const { CopyPartResult } = await client.send(command, o);
            return partFacts({ ...CopyPartResult, PartNumber: number, Size: length });
          },
          rescue: (error) => {
            if (nameOf(error) !== "NoSuchUpload" && isNoCopy(error)) return undefined;
            throw error;
          },
        },
        signal,
      );
    },
    list: async ({ key, id }, after, signal) => {
      const input = { Bucket, Key: key, UploadId: id, PartNumberMarker: String(after) };
      const answer = await ask(
        bucket,
        { operation: "ListParts", key, run: (o) => client.send(new ListPartsCommand(input), o) },
        signal,
      );
      return { parts: (answer.Parts ?? []).map(partFacts), isLast: answer.IsTruncated !== true };
    },
    complete: (upload, parts, signal) => complete(bucket, upload, parts, signal),
    madeOf: (key, parts, signal) => madeOf(bucket, key, parts, signal),
    abort: async ({ key, id }, signal) => {
      const input = { Bucket, Key: key, UploadId: id };
      await ask<unknown>(
        bucket,
        {
          operation: "AbortMultipartUpload",
          key,
          run: (o) => client.send(new AbortMultipartUploadCommand(input), o),
          rescue: (error) => {
            if (nameOf(error) !== "NoSuchUpload") throw error;
            return undefined;
          },
        },
        signal,
      );
    },
    uploads: (prefix, signal) => uploads(bucket, prefix, signal),
  };
}

/** Across regions, without permission, of an object that is not there, or where there are no such copies at all. */
const isNoCopy = (error: unknown): boolean =>
  isUnsupported(error) || (statusOf(error) >= 400 && statusOf(error) < 500);

interface AnsweredPart {
  readonly PartNumber?: number | undefined;
  readonly Size?: number | undefined;
  readonly ETag?: string | undefined;
  readonly ChecksumSHA256?: string | undefined;
}

function partFacts({ PartNumber = 0, Size = 0, ETag, ChecksumSHA256 }: AnsweredPart): PartFacts {
  const facts = { number: PartNumber, size: Size, etag: unquoted(ETag) };
  if (ChecksumSHA256 === undefined) return facts;
  return { ...facts, sha256: Buffer.from(ChecksumSHA256, "base64").toString("hex") };
}

async function complete(
  bucket: Bucket,
  { key, id }: UploadPlace,
  parts: readonly PartFacts[],
  signal: AbortSignal,
): Promise<{ readonly etag: string } | "refused"> {
  const command = new CompleteMultipartUploadCommand({
    Bucket: bucket.name,
    Key: key,
    UploadId: id,
    MultipartUpload: {
      Parts: parts.map(({ number, etag, sha256 }) => ({
        PartNumber: number,
        ETag: `"${etag}"`,
        ...(sha256 === undefined
          ? undefined
          : { ChecksumSHA256: Buffer.from(sha256, "hex").toString("base64") }),
      })),
    },
  });
  return ask<{ readonly etag: string } | "refused">(
    bucket,
    {
      operation: "CompleteMultipartUpload",
      key,
      run: async (o) => ({ etag: unquoted((await bucket.client.send(command, o)).ETag) }),
      rescue: (error) => {
        if (refusals.has(nameOf(error))) return "refused";
        throw error;
      },
    },
    signal,
  );
}

/** An object's ETag is made of its parts' wherever those are MD5s; where the store encrypts, its composite checksum is. */
async function madeOf(
  bucket: Bucket,
  key: string,
  parts: readonly PartFacts[],
  signal: AbortSignal,
): Promise<{ readonly etag: string; readonly isProven: boolean } | undefined> {
  const found = await askHead(bucket, { key, ChecksumMode: "ENABLED" }, signal);
  if (found?.ContentLength !== parts.reduce((sum, { size }) => sum + size, 0)) return undefined;
  const etag = unquoted(found.ETag);
  const tags = parts.map((part) => part.etag);
  if (etag === composite("md5", tags, "hex")) return { etag, isProven: true };
  const digests = parts.flatMap(({ sha256 }) => (sha256 === undefined ? [] : [sha256]));
  if (found.ChecksumSHA256 === undefined || digests.length < parts.length) return { etag, isProven: false };
  const isSame = bare(found.ChecksumSHA256) === bare(composite("sha256", digests, "base64"));
  return isSame ? { etag, isProven: true } : undefined;
}

/** Without the number of parts, which some stores leave out. */
const bare = (checksum: string): string => checksum.replace(/-\d+$/, "");

/** The digest of the parts' digests one after another, and how many there are. */
function composite(
  algorithm: "md5" | "sha256",
  digests: readonly string[],
  encoding: "hex" | "base64",
): string {
  const hash = createHash(algorithm);
  for (const digest of digests) hash.update(Buffer.from(digest, "hex"));
  return `${hash.digest(encoding)}-${digests.length}`;
}

async function uploads(bucket: Bucket, prefix: string, signal: AbortSignal): Promise<UploadPlace[]> {
  const found: UploadPlace[] = [];
  let markers: { KeyMarker?: string; UploadIdMarker?: string } = {};
  for (;;) {
    const input = { Bucket: bucket.name, Prefix: prefix, EncodingType: "url" as const, ...markers };
    const page = await ask(
      bucket,
      {
        operation: "ListMultipartUploads",
        key: prefix,
        run: (o) => bucket.client.send(new ListMultipartUploadsCommand(input), o),
      },
      signal,
    );
    for (const { Key, UploadId } of page.Uploads ?? [])
      if (Key !== undefined && UploadId !== undefined)
        found.push({ key: decodedKey(Key, page.EncodingType), id: UploadId });
    if (page.IsTruncated !== true || page.NextKeyMarker === undefined) return found;
    markers = { KeyMarker: decodedKey(page.NextKeyMarker, page.EncodingType) };
    if (page.NextUploadIdMarker !== undefined) markers.UploadIdMarker = page.NextUploadIdMarker;
  }
}
