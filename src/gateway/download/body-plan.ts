/** What an answer's body is made of: runs of the blob and, for several ranges, the lines between them. */
import { randomUUID } from "node:crypto";
import type { OutgoingHttpHeaders } from "node:http";
import type { Blob } from "../../engine/blob/blob.ts";
import type { BodyRange } from "./byte-ranges.ts";

/** Bytes that are sent as they are, or a run of the blob. */
export type BodyPiece = Uint8Array | BodyRange;

export interface BodyPlan {
  readonly status: 200 | 206;
  readonly headers: OutgoingHttpHeaders;
  readonly pieces: readonly BodyPiece[];
}

export function wholeBody({ size, contentType }: Blob): BodyPlan {
  return {
    status: 200,
    headers: { "content-type": contentType, "content-length": size },
    pieces: size === 0 ? [] : [{ offset: 0, length: size }],
  };
}

/** RFC 9110 section 15.3.7: one range is sent bare, several as multipart/byteranges (section 14.6). */
export function rangesBody(blob: Blob, ranges: readonly BodyRange[]): BodyPlan {
  const [only] = ranges;
  if (ranges.length > 1 || only === undefined) return multipartBody(blob, ranges);
  return {
    status: 206,
    headers: {
      "content-type": blob.contentType,
      "content-length": only.length,
      "content-range": contentRange(only, blob.size),
    },
    pieces: [only],
  };
}

function multipartBody({ size, contentType }: Blob, ranges: readonly BodyRange[]): BodyPlan {
  // Not to be guessed by whoever chose the content.
  const boundary = randomUUID();
  const pieces: BodyPiece[] = [];
  for (const [number, range] of ranges.entries()) {
    const lines = [
      `${number === 0 ? "" : "\r\n"}--${boundary}`,
      `Content-Type: ${contentType}`,
      `Content-Range: ${contentRange(range, size)}`,
      "\r\n",
    ];
    pieces.push(Buffer.from(lines.join("\r\n"), "latin1"), range);
  }
  pieces.push(Buffer.from(`\r\n--${boundary}--\r\n`, "latin1"));
  const length = pieces.reduce((sum, piece) => sum + piece.length, 0);
  return {
    status: 206,
    headers: { "content-type": `multipart/byteranges; boundary=${boundary}`, "content-length": length },
    pieces,
  };
}

/** Section 14.4. */
const contentRange = ({ offset, length }: BodyRange, size: number): string =>
  `bytes ${offset}-${offset + length - 1}/${size}`;
