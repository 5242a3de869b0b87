/** What Google says of an object (https://cloud.google.com/storage/docs/json_api/v1/objects#resource), as far as it is used. */
import { describedBy } from "../../../domain/object-description.ts";
import type { ObjectFacts } from "../../../domain/ports/object-store.ts";
import { answerError } from "./errors.ts";

export interface GcsObject {
  readonly name: string;
  readonly size: number;
  /** Another one for every other content; digits. */
  readonly generation: string;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
  readonly contentType: string | undefined;
  readonly crc32c: number | undefined;
  /** Lower-case hex; an object that was composed of others has none. */
  readonly md5: string | undefined;
  /** Objects that it was composed of; of others there is none. */
  readonly componentCount: number | undefined;
  readonly metadata: Readonly<Record<string, string>>;
}

/** The fields to ask for. */
export const objectFields =
  "name,size,generation,timeCreated,contentType,crc32c,md5Hash,componentCount,metadata";

/** Generations never come again, and say what an ETag says: whether the bytes are still the same. */
export const factsOf = ({ size, generation, createdAt, contentType, metadata }: GcsObject): ObjectFacts => ({
  size,
  etag: generation,
  modifiedAt: createdAt,
  description: describedBy(contentType, metadata),
});

/** Throws what `storeError` understands as an answer that can't be understood. */
export function objectOf(value: unknown): GcsObject {
  const { name, size, generation, timeCreated, contentType, crc32c, md5Hash, componentCount, metadata } =
    recordOf(value);
  const createdAt = Date.parse(String(timeCreated));
  if (typeof name !== "string" || !isNumber(size) || !isNumber(generation) || Number.isNaN(createdAt))
    throw answerError(200, "an object without name, size, generation or time");
  return {
    name,
    size: Number(size),
    generation,
    createdAt,
    contentType: typeof contentType === "string" ? contentType : undefined,
    crc32c: typeof crc32c === "string" ? crc32cOf(crc32c) : undefined,
    md5: typeof md5Hash === "string" ? Buffer.from(md5Hash, "base64").toString("hex") : undefined,
    componentCount: typeof componentCount === "number" ? componentCount : undefined,
    metadata: Object.fromEntries(
      Object.entries(recordOf(metadata ?? {})).filter(
        (entry): entry is [string, string] => typeof entry[1] === "string",
      ),
    ),
  };
}

/** An object of JSON; what its members are is to be looked at. */
export function recordOf(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null) throw answerError(200, "no JSON object");
  return value as Readonly<Record<string, unknown>>;
}

/** 64-bit numbers come as text. */
const isNumber = (value: unknown): value is string => typeof value === "string" && /^\d{1,19}$/.test(value);

/** Base64 of the four bytes, the highest first. */
export function crc32cText(sum: number): string {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(sum);
  return bytes.toString("base64");
}

function crc32cOf(text: string): number | undefined {
  const bytes = Buffer.from(text, "base64");
  return bytes.length === 4 ? bytes.readUInt32BE() : undefined;
}
