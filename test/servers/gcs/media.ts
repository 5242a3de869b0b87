/** Downloads: `alt=media`, whole or a range; https://cloud.google.com/storage/docs/json_api/v1/objects/get */
import type { ServerResponse } from "node:http";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import { apiError, invalid } from "./api-error.ts";
import { readContent } from "./content.ts";
import type { Call } from "./methods.ts";
import { checkConditions, existing, type StoredObject } from "./stored-objects.ts";

/** `replaced` are headers that the answer has in place of the object's own. */
export async function sendMedia(
  call: Call,
  response: ServerResponse,
  replaced: Readonly<Record<string, string>> = {},
): Promise<void> {
  const { bucket, parameters, headers } = call;
  const [name = ""] = call.names;
  const object = existing(bucket, name, parameters.get("generation"));
  checkConditions(object, {
    match: parameters.get("ifGenerationMatch"),
    notMatch: parameters.get("ifGenerationNotMatch"),
  });
  response.setHeaders(new Map(Object.entries({ ...headersOf(object), ...replaced })));
  if (object.contentEncoding === "gzip" && !/\bgzip\b/.test((headers["accept-encoding"] as string) ?? ""))
    return sendUnpacked(object, response);
  const { size } = object.content;
  const { begin, end } = rangeOf(headers.range, size);
  response.statusCode = headers.range === undefined ? 200 : 206;
  if (headers.range !== undefined) response.setHeader("content-range", `bytes ${begin}-${end - 1}/${size}`);
  if (object.contentEncoding !== undefined) response.setHeader("content-encoding", object.contentEncoding);
  response.setHeader("content-length", end - begin);
  await pipeline(readContent(object.content, begin, end), response);
}

/** https://cloud.google.com/storage/docs/transcoding: ranges count for nothing then, and there is no length. */
async function sendUnpacked({ content }: StoredObject, response: ServerResponse): Promise<void> {
  await pipeline(readContent(content, 0, content.size), createGunzip(), response);
}

function headersOf(object: StoredObject): Record<string, string> {
  const { content, generation, timeCreated } = object;
  const md5 = content.md5Hash === undefined ? "" : `,md5=${content.md5Hash}`;
  return {
    "content-type": object.contentType ?? "application/octet-stream",
    "last-modified": timeCreated.toUTCString(),
    etag: Buffer.from(`${generation}/1`).toString("base64"),
    "x-goog-generation": String(generation),
    "x-goog-metageneration": "1",
    "x-goog-hash": `crc32c=${content.crc32c}${md5}`,
    "x-goog-stored-content-encoding": object.contentEncoding ?? "identity",
    "x-goog-stored-content-length": String(content.size),
    "x-goog-storage-class": object.storageClass,
  };
}

/** RFC 9110 section 14.1.2, one range of bytes alone. */
function rangeOf(header: string | undefined, size: number): { begin: number; end: number } {
  if (header === undefined) return { begin: 0, end: size };
  const [, first, last] = /^bytes=(\d+)-(\d*)$/.exec(header) ?? [];
  if (first === undefined) throw invalid("This server knows ranges of the form bytes=N-M alone");
  const begin = Number(first);
  const end = last === "" || last === undefined ? size : Math.min(size, Number(last) + 1);
  if (begin >= size || end <= begin)
    throw apiError(416, "requestedRangeNotSatisfiable", "The requested range cannot be satisfied.");
  return { begin, end };
}
