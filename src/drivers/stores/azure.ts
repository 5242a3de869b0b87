/** Containers of Azure Blob Storage and of every store that speaks its API, one request a call. */
import type { Readable } from "node:stream";
import type { Environment } from "../../domain/environment.ts";
import type { BucketLocation } from "../../domain/location.ts";
import { describedBy } from "../../domain/object-description.ts";
import type {
  ObjectContent,
  ObjectFacts,
  ObjectStore,
  WantedRange,
} from "../../domain/ports/object-store.ts";
import { blockUploads } from "./azure/blocks.ts";
import { noBytes, readBody } from "../connections/read-body.ts";
import { makeContainer } from "./azure/client.ts";
import { conditionalPut } from "./azure/conditional-put.ts";
import { ask, blobOf, type Container } from "./azure/container.ts";
import { copyBlob } from "./azure/copy.ts";
import { isMissing, statusOf, storeError } from "./azure/errors.ts";
import { blobLists, readItems, removeBlobs } from "./azure/listing.ts";
import { nameGuard } from "./azure/names.ts";
import { presigner } from "./azure/presign.ts";
import { type NewObject, putBlob } from "./azure/put.ts";

/** Nothing is asked yet; URLs are signed at `now`, in milliseconds. Throws InvalidArgument, CredentialsInvalid. */
export function openAzureStore(
  location: BucketLocation,
  environment: Environment,
  now: () => number = Date.now,
): ObjectStore {
  const { container, identity } = makeContainer(location, environment, now);
  const names = nameGuard(container);
  const put = (made: NewObject, signal: AbortSignal): Promise<boolean> =>
    names.write(made.key, () => putBlob(container, made, signal), signal);
  return {
    kind: "az",
    displayed: container.displayed,
    identity,
    bucket: location.bucket,
    // Azure counts characters, of which none has less than a byte.
    longestKey: 1024,
    takesKey: (key) => names.takes(key),
    check: async (signal) => {
      await readItems(container, { prefix: "", marker: undefined, limit: 1 }, {}, signal);
    },
    put: async (key, payload, signal) => void (await put({ key, payload }, signal)),
    putIfAbsent: conditionalPut(container, put),
    get: async (key, wanted, signal) =>
      (await names.isPossible(key, signal)) ? getBlob(container, key, wanted, signal) : undefined,
    head: async (key, signal) =>
      (await names.isPossible(key, signal)) ? headBlob(container, key, signal) : undefined,
    list: blobLists(container),
    remove: async (keys, signal) => {
      const possible: string[] = [];
      for (const key of keys) if (await names.isPossible(key, signal)) possible.push(key);
      await removeBlobs(container, possible, signal);
    },
    copy: (from, key, signal) => names.write(key, () => copyBlob(container, from, key, signal), signal),
    ...presigned(container, location),
    multipart: blockUploads(container, names),
  };
}

function presigned(
  container: Container,
  location: BucketLocation,
): Pick<ObjectStore, "presign" | "presignedHasEtag"> {
  const presign = presigner(container, location);
  return presign === undefined ? {} : { presign, presignedHasEtag: true };
}

function getBlob(
  container: Container,
  key: string,
  { offset, length, ifMatch }: WantedRange,
  signal: AbortSignal,
): Promise<ObjectContent | "changed" | undefined> {
  const operation = "Get Blob";
  const { displayed } = container;
  const failed = (error: unknown): unknown =>
    storeError(broken(error), { operation, key, displayed }, signal);
  const run = async (options: { abortSignal: AbortSignal }): Promise<ObjectContent> => {
    const conditions = ifMatch === undefined ? {} : { ifMatch: `"${ifMatch}"` };
    // The SDK would go on by itself after a cut.
    const settings = { ...options, conditions, maxRetryRequests: 0 };
    const found = await blobOf(container, key).download(offset, length, settings);
    const body = found.readableStreamBody as Readable | undefined;
    const bytes = readBody(body, failed, signal);
    return { facts: factsOf(found), ...md5Of(found), bytes };
  };
  return ask<ObjectContent | "changed" | undefined>(
    container,
    {
      operation,
      key,
      run,
      rescue: (error) => {
        if (statusOf(error) === 412) return "changed";
        if (statusOf(error) === 416) return emptyContent;
        return orNothing(error);
      },
    },
    signal,
  );
}

function headBlob(container: Container, key: string, signal: AbortSignal): Promise<ObjectFacts | undefined> {
  return ask<ObjectFacts | undefined>(
    container,
    {
      operation: "Get Blob Properties",
      key,
      run: async (options) => factsOf(await blobOf(container, key).getProperties(options)),
      rescue: orNothing,
    },
    signal,
  );
}

/** For a blob that is not there; a container that is not there is an error. */
function orNothing(error: unknown): undefined {
  if (isMissing(error)) return undefined;
  throw error;
}

/** A range behind the end of a blob. */
const emptyContent: ObjectContent = { facts: { size: 0, etag: "", modifiedAt: 0 }, bytes: noBytes };

/** The SDK has no code for an answer that ends too early. */
function broken(error: unknown): unknown {
  const { message, code = "ECONNRESET" } = error as { readonly message?: string; readonly code?: string };
  return Object.assign(new Error(message ?? "the answer ended too early"), { code });
}

/** What an answer with a range says of the whole blob has a header of its own. */
function md5Of(found: {
  readonly contentMD5?: Uint8Array | undefined;
  readonly blobContentMD5?: Uint8Array | undefined;
  readonly contentRange?: string | undefined;
}): { readonly md5?: string } {
  const md5 = found.blobContentMD5 ?? (found.contentRange === undefined ? found.contentMD5 : undefined);
  return md5 === undefined ? {} : { md5: Buffer.from(md5).toString("hex") };
}

interface AnsweredBlob {
  readonly contentLength?: number | undefined;
  readonly contentRange?: string | undefined;
  readonly etag?: string | undefined;
  readonly lastModified?: Date | undefined;
  readonly contentType?: string | undefined;
  readonly metadata?: Record<string, string> | undefined;
}

function factsOf(answer: AnsweredBlob): ObjectFacts {
  const { contentLength, contentRange, etag, lastModified, contentType, metadata } = answer;
  const whole = /\/(\d+)$/.exec(contentRange ?? "")?.[1];
  return {
    size: whole === undefined ? (contentLength ?? 0) : Number(whole),
    etag: (etag ?? "").replaceAll('"', ""),
    modifiedAt: lastModified?.getTime() ?? 0,
    description: describedBy(contentType, metadata),
  };
}
