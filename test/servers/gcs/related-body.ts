/** A body of type multipart/related (RFC 2387) with an object's metadata and then its bytes, read as it comes. */
import { invalid } from "./api-error.ts";

export interface RelatedBody {
  readonly resource: Record<string, unknown>;
  /** To be read to its end. Throws where the body does not end as it should. */
  readonly media: AsyncIterable<Uint8Array>;
}

export async function readRelated(
  contentType: string | undefined,
  body: AsyncIterable<Buffer>,
): Promise<RelatedBody> {
  const boundary = /^multipart\/related;\s*boundary="?([^";]+)"?$/i.exec(contentType ?? "")?.[1];
  if (boundary === undefined) throw invalid("Bad content type. Please use multipart.");
  const reader = new Reader(body);
  const start = await reader.upTo(`--${boundary}\r\n`);
  if (start.length > 0) throw invalid("Missing start boundary in multipart body.");
  const metadataHead = (await reader.upTo("\r\n\r\n")).toString();
  if (!/^content-type: application\/json/im.test(metadataHead))
    throw invalid("Metadata part is no application/json.");
  const resource = parseJson(await reader.upTo(`\r\n--${boundary}\r\n`));
  const mediaHead = (await reader.upTo("\r\n\r\n")).toString();
  if (!/^content-type: \S+/im.test(mediaHead)) throw invalid("Media part has no Content-Type.");
  return { resource, media: reader.streamUpTo(`\r\n--${boundary}--`) };
}

export function parseJson(bytes: Buffer): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(bytes.toString());
    if (typeof value === "object" && value !== null && !Array.isArray(value))
      return value as Record<string, unknown>;
  } catch {
    throw invalid("Parse Error");
  }
  throw invalid("Parse Error");
}

class Reader {
  readonly #chunks: AsyncIterator<Buffer>;
  #held = Buffer.alloc(0);

  constructor(body: AsyncIterable<Buffer>) {
    this.#chunks = body[Symbol.asyncIterator]();
  }

  /** What comes before the mark, which is passed over. */
  async upTo(mark: string): Promise<Buffer> {
    const chunks: Uint8Array[] = [];
    for await (const chunk of this.streamUpTo(mark)) chunks.push(chunk);
    return Buffer.concat(chunks);
  }

  async *streamUpTo(mark: string): AsyncGenerator<Uint8Array> {
    for (;;) {
      const found = this.#held.indexOf(mark);
      if (found >= 0) {
        if (found > 0) yield this.#held.subarray(0, found);
        this.#held = this.#held.subarray(found + mark.length);
        return;
      }
      // The mark may have begun at the end of what is there.
      const sure = Math.max(0, this.#held.length - mark.length);
      if (sure > 0) yield this.#held.subarray(0, sure);
      const next = await this.#chunks.next();
      if (next.done === true) throw invalid("Missing end boundary in multipart body.");
      this.#held = Buffer.concat([this.#held.subarray(sure), next.value]);
    }
  }
}
