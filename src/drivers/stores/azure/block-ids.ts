/**
 * Ids of blocks. A list of blocks says nothing but ids and sizes, so an id says the rest: which upload a block belongs to,
 * which part it is, and what is in it. A block of other bytes has another id and never stands in for the one that was meant.
 */

/** Before base64; Azure takes 64 bytes at most, and the same number for all blocks of a blob. */
const idLength = 64;
const tokenLength = 10;
const numberLength = 3;
const digestLength = 16;
const typeLength = idLength - tokenLength - numberLength - 1 - digestLength;

/** Bytes that make an upload another one than every other of the same blob. */
export const uploadTokenLength = tokenLength;

const upload = /^([0-9a-f]{20})-([!-~]{1,34})$/;
const mediaType = /^[!-~]{1,34}$/;
const unknownType = "application/octet-stream";

export interface BlockName {
  /** Id of the upload: a token and the media type of what it makes. */
  readonly upload: string;
  /** Of the part, from 1. */
  readonly number: number;
  /** Of two blocks of one part, the one with the higher edition was sent by somebody who knew the other. 0 to 255. */
  readonly edition: number;
  /** Of the bytes, in lower-case hex. */
  readonly md5: string;
}

/** A media type too long for an id becomes one that says nothing. */
export function uploadId(token: Uint8Array, contentType: string): string {
  const type = mediaType.test(contentType) ? contentType : unknownType;
  return `${Buffer.from(token).toString("hex")}-${type}`;
}

/** The media type of what the upload makes. */
export const contentTypeOf = (id: string): string => upload.exec(id)?.[2] ?? unknownType;

/** In base64, as the store takes it. */
export function blockId({ upload: id, number, edition, md5 }: BlockName): string {
  const [, token = "", type = ""] = upload.exec(id) ?? [];
  const bytes = Buffer.alloc(idLength);
  bytes.write(token, 0, "hex");
  bytes.writeUIntBE(number, tokenLength, numberLength);
  bytes.writeUInt8(edition, tokenLength + numberLength);
  bytes.write(md5, tokenLength + numberLength + 1, "hex");
  bytes.write(type, idLength - typeLength, "latin1");
  return bytes.toString("base64");
}

/** Undefined where the block is none of ours. */
export function parseBlockId(base64: string): BlockName | undefined {
  const bytes = Buffer.from(base64, "base64");
  if (bytes.length !== idLength) return undefined;
  const type = bytes.toString("latin1", idLength - typeLength).replace(/\0+$/, "");
  if (!mediaType.test(type)) return undefined;
  const digest = tokenLength + numberLength + 1;
  return {
    upload: `${bytes.toString("hex", 0, tokenLength)}-${type}`,
    number: bytes.readUIntBE(tokenLength, numberLength),
    edition: bytes.readUInt8(tokenLength + numberLength),
    md5: bytes.toString("hex", digest, digest + digestLength),
  };
}
