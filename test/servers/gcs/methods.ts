/** Methods of the API that change or list objects; each gives the document of its answer. */
import { randomUUID } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";
import { apiError, invalid } from "./api-error.ts";
import { composeContent, storeContent } from "./content.ts";
import { checkMembers, type Parameters } from "./parameters.ts";
import { parseJson, readRelated } from "./related-body.ts";
import {
  type Bucket,
  checkConditions,
  checkName,
  existing,
  putObject,
  resourceOf,
  type StoredObject,
} from "./stored-objects.ts";

export interface Call {
  readonly bucket: Bucket;
  readonly findBucket: (name: string) => Bucket;
  /** Decoded, in the order of the path. */
  readonly names: readonly string[];
  readonly parameters: Parameters;
  readonly headers: IncomingHttpHeaders;
  readonly body: AsyncIterable<Buffer>;
  readonly folder: string;
  /** How many objects a page has at most, and how much one call of rewrite copies. */
  readonly limits: { readonly page: number; readonly rewrite: number };
}

/** https://cloud.google.com/storage/docs/json_api/v1/objects/list */
export function listObjects({ bucket, parameters, limits }: Call): object {
  const prefix = parameters.get("prefix") ?? "";
  const from = parameters.get("startOffset") ?? "";
  const until = parameters.get("endOffset");
  const after = tokenName(parameters.get("pageToken"));
  const most = Math.min(Number(parameters.get("maxResults") ?? 1000), 1000, limits.page);
  if (!Number.isInteger(most) || most < 1) throw invalid("Invalid value for maxResults");
  const found = [...bucket.objects.values()]
    .filter(({ name }) => name.startsWith(prefix) && compare(name, from) >= 0)
    .filter(({ name }) => until === undefined || compare(name, until) < 0)
    .filter(({ name }) => after === undefined || compare(name, after) > 0)
    .toSorted((a, b) => compare(a.name, b.name));
  const page = found.slice(0, most);
  const last = page.at(-1)?.name ?? "";
  return {
    kind: "storage#objects",
    ...(page.length < found.length ? { nextPageToken: Buffer.from(last).toString("base64url") } : undefined),
    ...(page.length === 0 ? undefined : { items: page.map((object) => resourceOf(bucket, object)) }),
  };
}

const compare = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));

function tokenName(token: string | undefined): string | undefined {
  if (token === undefined) return undefined;
  const name = Buffer.from(token, "base64url").toString();
  if (Buffer.from(name).toString("base64url") !== token) throw invalid("Invalid page token");
  return name;
}

const settable = ["name", "contentType", "contentEncoding", "storageClass", "metadata", "crc32c", "md5Hash"];

/** https://cloud.google.com/storage/docs/json_api/v1/objects/insert, by an upload of both parts in one request. */
export async function insertObject(call: Call): Promise<object> {
  const { bucket, parameters } = call;
  if (parameters.get("uploadType") !== "multipart")
    throw apiError(501, "notImplemented", "This server knows uploadType=multipart alone");
  const { resource, media } = await readRelated(call.headers["content-type"], call.body);
  checkMembers(resource, settable, "an object");
  const name = parameters.get("name") ?? textOf(resource["name"]) ?? "";
  checkName(name);
  const content = await storeContent(call.folder, media);
  checkSum("CRC32C", textOf(resource["crc32c"]), content.crc32c);
  checkSum("MD5 hash", textOf(resource["md5Hash"]), content.md5Hash ?? "");
  checkConditions(bucket.objects.get(name), conditionsOf(parameters));
  const object = putObject(bucket, {
    name,
    content,
    contentType: textOf(resource["contentType"]),
    contentEncoding: textOf(resource["contentEncoding"]),
    storageClass: textOf(resource["storageClass"]) ?? "STANDARD",
    metadata: metadataOf(resource["metadata"]),
    kmsKeyName: parameters.get("kmsKeyName"),
    componentCount: undefined,
  });
  return resourceOf(bucket, object);
}

function checkSum(what: string, said: string | undefined, found: string): void {
  if (said !== undefined && said !== found)
    throw invalid(`Provided ${what} "${said}" doesn't match calculated ${what} "${found}".`);
}

const conditionsOf = (parameters: Parameters) => ({
  match: parameters.get("ifGenerationMatch"),
  notMatch: parameters.get("ifGenerationNotMatch"),
});

function textOf(value: unknown): string | undefined {
  if (value === undefined || typeof value === "string") return value;
  throw invalid("Invalid value");
}

/** Written as text, for not every client has numbers of 64 bits; Google's own sends one all the same. */
const int64Of = (value: unknown): string | undefined =>
  textOf(Number.isSafeInteger(value) ? String(value) : value);

function metadataOf(value: unknown): Record<string, string> | undefined {
  if (value === undefined) return undefined;
  if (typeof value !== "object" || value === null) throw invalid("Invalid value for metadata");
  if (!Object.values(value).every((member) => typeof member === "string"))
    throw invalid("Invalid value for metadata");
  return value as Record<string, string>;
}

/** https://cloud.google.com/storage/docs/json_api/v1/objects/delete */
export function deleteObject({ bucket, names: [name = ""], parameters }: Call): undefined {
  const object = existing(bucket, name, parameters.get("generation"));
  checkConditions(object, conditionsOf(parameters));
  bucket.objects.delete(name);
  return undefined;
}

/** https://cloud.google.com/storage/docs/json_api/v1/objects/compose */
export async function composeObject(call: Call): Promise<object> {
  const { bucket, parameters } = call;
  const [name = ""] = call.names;
  checkName(name);
  const request = await jsonBodyOf(call);
  checkMembers(request, ["kind", "destination", "sourceObjects"], "a compose request");
  const destination = (request["destination"] ?? {}) as Record<string, unknown>;
  checkMembers(destination, ["kind", "name", "bucket", "contentType", "metadata"], "a destination");
  const sources = sourcesOf(bucket, request["sourceObjects"]);
  checkConditions(bucket.objects.get(name), { match: parameters.get("ifGenerationMatch") });
  const [storageClass = "STANDARD", ...others] = new Set(sources.map((source) => source.storageClass));
  if (others.length > 0) throw invalid("All source components must have the same storage class.");
  const content = await composeContent(sources.map((source) => source.content));
  // Time has passed since it was looked.
  checkConditions(bucket.objects.get(name), { match: parameters.get("ifGenerationMatch") });
  const object = putObject(bucket, {
    name,
    content,
    contentType: textOf(destination["contentType"]),
    contentEncoding: undefined,
    storageClass,
    metadata: metadataOf(destination["metadata"]),
    kmsKeyName: parameters.get("kmsKeyName"),
    componentCount: sources.reduce((sum, { componentCount = 1 }) => sum + componentCount, 0),
  });
  return resourceOf(bucket, object);
}

const mostSources = 32;

function sourcesOf(bucket: Bucket, value: unknown): readonly StoredObject[] {
  const sources = Array.isArray(value) ? (value as Record<string, unknown>[]) : [];
  if (sources.length === 0) throw invalid("You must provide at least one source component.");
  if (sources.length > mostSources)
    throw invalid(
      `The number of source components provided (${sources.length}) exceeds the maximum (${mostSources})`,
    );
  return sources.map((source) => {
    checkMembers(source, ["name", "generation", "objectPreconditions"], "a source object");
    const object = existing(bucket, textOf(source["name"]) ?? "", int64Of(source["generation"]));
    const conditions = (source["objectPreconditions"] ?? {}) as Record<string, unknown>;
    checkMembers(conditions, ["ifGenerationMatch"], "preconditions");
    checkConditions(object, { match: int64Of(conditions["ifGenerationMatch"]) });
    return object;
  });
}

/** Copies under way: what is left of each, by its token. */
const rewrites = new Map<string, { readonly of: string; readonly done: number }>();

/** https://cloud.google.com/storage/docs/json_api/v1/objects/rewrite */
export async function rewriteObject(call: Call): Promise<object> {
  const { bucket, parameters, limits } = call;
  const [from = "", toBucket = "", to = ""] = call.names;
  const request = await jsonBodyOf(call);
  checkMembers(request, ["contentType", "metadata", "storageClass"], "an object");
  const target = call.findBucket(toBucket);
  checkName(to);
  const source = existing(bucket, from, parameters.get("sourceGeneration"));
  checkConditions(source, { match: parameters.get("ifSourceGenerationMatch") });
  checkConditions(target.objects.get(to), { match: parameters.get("ifGenerationMatch") });
  const size = source.content.size;
  const done = Math.min(
    size,
    rewrittenBefore(parameters, `${bucket.name}/${from} ${toBucket}/${to}`) + limits.rewrite,
  );
  const progress = {
    kind: "storage#rewriteResponse",
    totalBytesRewritten: String(done),
    objectSize: String(size),
    done: done === size,
  };
  if (done < size) {
    const rewriteToken = randomUUID();
    rewrites.set(rewriteToken, { of: `${bucket.name}/${from} ${toBucket}/${to}`, done });
    return { ...progress, rewriteToken };
  }
  const storageClass = textOf(request["storageClass"]) ?? source.storageClass;
  const isComposed = source.componentCount !== undefined;
  const object = putObject(target, {
    ...source,
    name: to,
    // It becomes one piece where it has to be stored elsewhere.
    componentCount: isComposed && storageClass !== source.storageClass ? 1 : source.componentCount,
    contentType: textOf(request["contentType"]) ?? source.contentType,
    metadata: metadataOf(request["metadata"]) ?? source.metadata,
    storageClass,
    kmsKeyName: parameters.get("destinationKmsKeyName"),
  });
  return { ...progress, resource: resourceOf(target, object) };
}

function rewrittenBefore(parameters: Parameters, of: string): number {
  const token = parameters.get("rewriteToken");
  if (token === undefined) return 0;
  const before = rewrites.get(token);
  if (before?.of !== of) throw invalid("Invalid rewrite token");
  return before.done;
}

async function jsonBodyOf({ body, headers }: Call): Promise<Record<string, unknown>> {
  const bytes = Buffer.concat(await Array.fromAsync(body));
  if (bytes.length === 0) return {};
  if (!/^application\/json\b/.test(headers["content-type"] ?? ""))
    throw apiError(400, "parseError", "This API does not support parsing form-encoded input.");
  return parseJson(bytes);
}

/** https://cloud.google.com/storage/docs/json_api/v1/objects/get without `alt=media`. */
export function getObject({ bucket, names: [name = ""], parameters }: Call): object {
  const object = existing(bucket, name, parameters.get("generation"));
  checkConditions(object, conditionsOf(parameters));
  return resourceOf(bucket, object);
}
