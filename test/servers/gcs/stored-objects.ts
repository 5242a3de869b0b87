/** The buckets of the server: objects by name, with their generations and what may be asked of them before something is done. */
import { apiError, conditionNotMet, invalid, notThere } from "./api-error.ts";
import type { Content } from "./content.ts";

export interface StoredObject {
  readonly name: string;
  readonly generation: bigint;
  readonly content: Content;
  readonly timeCreated: Date;
  readonly contentType: string | undefined;
  readonly contentEncoding: string | undefined;
  readonly storageClass: string;
  readonly metadata: Readonly<Record<string, string>> | undefined;
  readonly kmsKeyName: string | undefined;
  /** Of an object that was composed. */
  readonly componentCount: number | undefined;
}

export type NewObject = Omit<StoredObject, "generation" | "timeCreated">;

export interface Bucket {
  readonly name: string;
  /** Whether requests without a token may do everything. */
  readonly isPublic: boolean;
  readonly isRequesterPays: boolean;
  readonly objects: Map<string, StoredObject>;
}

/** Microseconds since 1970, and always more than before: what Google makes of them, though it promises less. */
let lastGeneration = 0n;

export function putObject({ objects }: Bucket, object: NewObject): StoredObject {
  const now = new Date();
  const moment = BigInt(now.getTime()) * 1000n;
  lastGeneration = moment > lastGeneration ? moment : lastGeneration + 1n;
  const stored = { ...object, generation: lastGeneration, timeCreated: now };
  objects.set(object.name, stored);
  return stored;
}

/** https://cloud.google.com/storage/docs/objects#naming */
export function checkName(name: string): void {
  const length = Buffer.byteLength(name);
  if (length === 0) throw apiError(400, "required", "Required");
  if (length > 1024)
    throw invalid(`The maximum object length is 1024 characters, but got a name with ${length} characters`);
  if (/[\r\n]/.test(name) || !name.isWellFormed())
    throw invalid(`Disallowed unicode characters present in object name '${name}'`);
  if (name === "." || name === ".." || name.startsWith(".well-known/acme-challenge/"))
    throw invalid(`Invalid object name '${name}'`);
}

export function existing(bucket: Bucket, name: string, generation?: string): StoredObject {
  const object = bucket.objects.get(name);
  if (object === undefined || (generation !== undefined && String(object.generation) !== generation))
    throw notThere.object(bucket.name, name);
  return object;
}

/** `ifGenerationMatch` and its contrary, of what stands under the name or of nothing, which has generation 0. */
export function checkConditions(
  object: StoredObject | undefined,
  { match, notMatch }: { readonly match: string | undefined; readonly notMatch?: string | undefined },
): void {
  const generation = String(object?.generation ?? 0n);
  for (const value of [match, notMatch])
    if (value !== undefined && !/^\d{1,19}$/.test(value)) throw invalid(`Invalid generation ${value}`);
  if (match !== undefined && match !== generation) throw conditionNotMet();
  if (notMatch !== undefined && notMatch === generation) throw conditionNotMet();
}

/** https://cloud.google.com/storage/docs/json_api/v1/objects#resource */
export function resourceOf(bucket: Bucket, object: StoredObject): Record<string, unknown> {
  const { name, generation, content, timeCreated } = object;
  const time = timeCreated.toISOString();
  return {
    kind: "storage#object",
    id: `${bucket.name}/${name}/${generation}`,
    name,
    bucket: bucket.name,
    generation: String(generation),
    metageneration: "1",
    contentType: object.contentType,
    contentEncoding: object.contentEncoding,
    storageClass: object.storageClass,
    size: String(content.size),
    md5Hash: content.md5Hash,
    crc32c: content.crc32c,
    etag: Buffer.from(`${generation}/1`).toString("base64"),
    componentCount: object.componentCount,
    metadata: object.metadata,
    kmsKeyName: object.kmsKeyName,
    timeCreated: time,
    updated: time,
    timeStorageClassUpdated: time,
  };
}
