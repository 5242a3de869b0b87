/** Reads a range of an object, of the generation that it must have, as it is stored. */
import type { IncomingMessage } from "node:http";
import { describedBy } from "../../../domain/object-description.ts";
import type { ByteRange } from "../../../domain/ports/destination.ts";
import type { ObjectContent, WantedRange } from "../../../domain/ports/object-store.ts";
import { answerError, isConditionFailed, isMissing, statusOf, storeError } from "./errors.ts";
import { nameOfKey } from "./names.ts";
import { ask, type Bucket, objectPath } from "./sending.ts";

export async function readObject(
  bucket: Bucket,
  key: string,
  { offset, length, ifMatch }: WantedRange,
  signal: AbortSignal,
): Promise<ObjectContent | "changed" | undefined> {
  const operation = "objects.get";
  const asked = { operation, key, displayed: bucket.displayed, isAnonymous: bucket.tokens === undefined };
  return ask<ObjectContent | "changed" | undefined>(
    bucket,
    {
      operation,
      key,
      method: "GET",
      path: objectPath(bucket.name, nameOfKey(key)),
      query: { alt: "media", ifGenerationMatch: ifMatch },
      headers: {
        range: `bytes=${offset}-${offset + length - 1}`,
        // What was stored in gzip would else be unpacked on the way, and its ranges would be those of other bytes.
        "accept-encoding": "gzip",
      },
      use: (answer) =>
        contentOf(
          answer,
          { offset, length },
          { failed: (error) => storeError(error, asked, signal), signal },
        ),
      rescue: (error) => {
        if (isMissing(error)) return undefined;
        if (isConditionFailed(error)) return "changed";
        if (statusOf(error) === 416) return emptyContent;
        throw error;
      },
    },
    signal,
  );
}

/** Of a range that lies behind the end. */
const emptyContent: ObjectContent = {
  facts: { size: 0, etag: "", modifiedAt: 0 },
  bytes: {
    [Symbol.asyncIterator]: () => ({ next: () => Promise.resolve({ done: true, value: undefined }) }),
  },
};

interface Ending {
  /** What an error of the connection means. */
  readonly failed: (error: unknown) => unknown;
  readonly signal: AbortSignal;
}

function contentOf(answer: IncomingMessage, wanted: ByteRange, ending: Ending): ObjectContent {
  const { generation, begin, end, size } = headOf(answer);
  const isWanted = begin === wanted.offset && end > begin && end - begin <= wanted.length;
  if (generation === undefined || !(isWanted || size === 0)) {
    answer.destroy();
    throw answerError(200, "other bytes of an object than were asked for, or without its generation");
  }
  return {
    facts: {
      size,
      etag: generation,
      modifiedAt: Date.parse(answer.headers["last-modified"] ?? "") || 0,
      description: describedBy(answer.headers["content-type"], metadataIn(answer)),
    },
    md5: md5In(answer.headers["x-goog-hash"]),
    bytes: bodyOf(answer, end - begin, ending),
  };
}

const metadataHeader = "x-goog-meta-";

function metadataIn({ headers }: IncomingMessage): Record<string, string> {
  const found: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers))
    if (name.startsWith(metadataHeader) && typeof value === "string")
      found[name.slice(metadataHeader.length)] = value;
  return found;
}

/** "crc32c=…,md5=…" in base64, of the whole object; one that was composed has no MD5. */
function md5In(hashes: string | readonly string[] | undefined): string | undefined {
  const [, md5] = /\bmd5=([A-Za-z0-9+/=]+)/.exec(String(hashes ?? "")) ?? [];
  return md5 === undefined ? undefined : Buffer.from(md5, "base64").toString("hex");
}

/** Which bytes of how many, by RFC 9110 section 14.4: an answer that does not say so has the whole object. */
function headOf({ headers, statusCode }: IncomingMessage) {
  const named = headers["x-goog-generation"];
  const generation = typeof named === "string" ? named : undefined;
  const [, first, last, size] = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(headers["content-range"] ?? "") ?? [];
  if (statusCode === 206 && size !== undefined)
    return { generation, begin: Number(first), end: Number(last) + 1, size: Number(size) };
  const whole = Number(headers["content-length"] ?? Number.NaN);
  return { generation, begin: 0, end: whole, size: whole };
}

/** Leaving it closes the connection, even before the first byte was asked for. */
function bodyOf(answer: IncomingMessage, length: number, ending: Ending): AsyncIterable<Uint8Array> {
  return {
    [Symbol.asyncIterator]: () => {
      const chunks = chunksOf(answer, length, ending);
      return {
        next: () => chunks.next(),
        return: async () => {
          answer.destroy();
          return chunks.return(undefined);
        },
      };
    },
  };
}

async function* chunksOf(
  answer: IncomingMessage,
  length: number,
  { failed, signal }: Ending,
): AsyncGenerator<Uint8Array, undefined> {
  let left = length;
  try {
    for await (const chunk of answer as AsyncIterable<Buffer>) {
      signal.throwIfAborted();
      left -= chunk.length;
      yield chunk;
    }
  } catch (error) {
    throw signal.aborted ? signal.reason : failed(error);
  } finally {
    answer.destroy();
  }
  if (left !== 0) throw failed(Object.assign(new Error("a body that ends early"), { code: "ECONNRESET" }));
  return undefined;
}
