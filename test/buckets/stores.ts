/** The three kinds of stores with one face, so that what must hold in each is one test. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { ContainerSASPermissions } from "@azure/storage-blob";
import { Manifest } from "../../src/domain/manifest.ts";
import type { Destination } from "../../src/domain/ports/destination.ts";
import type { ObjectStore } from "../../src/domain/ports/object-store.ts";
import {
  azureEnv,
  azureLocation,
  createContainer,
  openAzure,
  openAzureDestination,
} from "../fixtures/azure-containers.ts";
import { openBucket, openStore, s3Location, testBucket } from "../fixtures/buckets.ts";
import { gcsLocation, openGcs, openGcsDestination } from "../fixtures/gcs-buckets.ts";
import { expectExit, longshore } from "../fixtures/run.ts";
import { missingAzurite, startAzurite } from "../servers/azurite.ts";
import type { ProxiedRequest } from "../servers/fault-proxy.ts";
import { startGcs } from "../servers/gcs.ts";
import { missingSwift, startSwift } from "../servers/swift.ts";

const { signal } = new AbortController();

export interface RunningStore extends AsyncDisposable {
  /** "http://127.0.0.1:port", where requests go. */
  readonly origin: string;
  /** What a program needs in its environment to use it, by whichever of these origins. */
  env(origin?: string): Record<string, string>;
  /** Of a prefix; reached by another origin than the server's own, if one is given. */
  location(prefix: string, origin?: string): string;
  /** Not by a proxy. */
  destination(prefix: string): Destination;
  readonly store: ObjectStore;
  /** What must be said nowhere. */
  readonly secrets: readonly string[];
  /** Of somebody who may only read, where there is such a one. */
  readonly readerEnv?: Record<string, string>;
}

export interface StoreKind {
  readonly scheme: "s3" | "az" | "gs";
  readonly server: string;
  /** Why there is none to test against, or false. */
  missing(): string | false;
  start(): Promise<RunningStore>;
  /** The operation that gives an object's bytes. */
  readonly reading: string;
  /** What a request is for, in the words of the store's API. */
  operationOf(request: ProxiedRequest): string;
}

export const swift: StoreKind = {
  scheme: "s3",
  reading: "GetObject",
  server: "Swift",
  missing: missingSwift,
  start: async () => {
    const server = await startSwift();
    await server.createBucket(testBucket);
    return {
      origin: server.endpoint,
      env: () => ({ ...server.env }),
      location: (prefix, origin = server.endpoint) => s3Location({ ...server, endpoint: origin }, prefix),
      destination: (prefix) => openBucket(server, prefix),
      store: openStore(server, s3Location(server, "")),
      secrets: [server.secretAccessKey, server.accessKeyId],
      readerEnv: { ...server.readerEnv },
      [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
    };
  },
  operationOf: ({ method, path, headers }) => {
    const query = new URL(path, "http://x").searchParams;
    const has = (...names: string[]): boolean => names.some((name) => query.has(name));
    const isBucket = /^\/[^/]+\/?(?:\?|$)/.test(path);
    const words: Record<string, string> = {
      GET: has("uploadId")
        ? "ListParts"
        : has("uploads")
          ? "ListMultipartUploads"
          : isBucket
            ? "ListObjectsV2"
            : "GetObject",
      PUT: has("partNumber") ? "UploadPart" : "x-amz-copy-source" in headers ? "CopyObject" : "PutObject",
      POST: has("uploadId")
        ? "CompleteMultipartUpload"
        : has("uploads")
          ? "CreateMultipartUpload"
          : "DeleteObjects",
      DELETE: has("uploadId") ? "AbortMultipartUpload" : "DeleteObject",
      HEAD: "HeadObject",
    };
    return words[method] ?? method;
  },
};

export const azurite: StoreKind = {
  scheme: "az",
  reading: "Get Blob",
  server: "Azurite",
  missing: missingAzurite,
  start: async () => {
    const server = await startAzurite();
    const container = await createContainer(server);
    const { origin } = new URL(server.endpoint);
    const readerUrl = await container.generateSasUrl({
      permissions: ContainerSASPermissions.parse("rl"),
      expiresOn: new Date(Date.now() + 3_600_000),
    });
    const at = (other: string) => ({ ...server, endpoint: `${other}/${server.account}` });
    return {
      origin,
      env: () => azureEnv(server),
      location: (prefix, other = origin) => azureLocation(at(other), prefix),
      destination: (prefix) => openAzureDestination(server, prefix),
      store: openAzure(server),
      secrets: [server.accountKey, "SharedKey", "sig="],
      readerEnv: { AZURE_STORAGE_KEY: "", AZURE_STORAGE_SAS_TOKEN: new URL(readerUrl).search },
      [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
    };
  },
  operationOf: ({ method, path, headers }) => {
    const part = new URL(path, "http://x").searchParams.get("comp");
    const words: Record<string, string> = {
      GET: part === "list" ? "List Blobs" : part === "blocklist" ? "Get Block List" : "Get Blob",
      PUT:
        part === "block"
          ? "Put Block"
          : part === "blocklist"
            ? "Put Block List"
            : "x-ms-copy-source" in headers
              ? "Copy Blob From URL"
              : "Put Blob",
      DELETE: "Delete Blob",
      HEAD: "Get Blob Properties",
    };
    return words[method] ?? method;
  },
};

export const gcs: StoreKind = {
  scheme: "gs",
  reading: "objects.get",
  server: "the tests' server of Google's API",
  missing: () => false,
  start: async () => {
    const server = await startGcs();
    server.createBucket(testBucket);
    return {
      origin: server.endpoint,
      env: (origin = server.endpoint) => ({
        ...server.env,
        LONGSHORE_GS_TRUSTED_ENDPOINTS: `${server.endpoint} ${origin}`,
      }),
      location: (prefix, origin = server.endpoint) => gcsLocation({ ...server, endpoint: origin }, prefix),
      destination: (prefix) => openGcsDestination(server, prefix),
      store: openGcs(server),
      secrets: ["ya29.", "Bearer"],
      [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
    };
  },
  operationOf: ({ method, path }) => {
    const bare = path.split("?", 1)[0] ?? "";
    if (method === "DELETE") return "objects.delete";
    if (method === "GET") return bare.endsWith("/o") ? "objects.list" : "objects.get";
    if (bare.includes("/rewriteTo/")) return "objects.rewrite";
    return bare.endsWith("/compose") ? "objects.compose" : "objects.insert";
  },
};

export const storeKinds: readonly StoreKind[] = [swift, azurite, gcs];

/** SHA-256 of an object as the store has it. */
async function digestOfObject(destination: Destination, name: string): Promise<string> {
  const hash = createHash("sha256");
  const length = (await destination.size(name, signal)) ?? 0;
  for await (const chunk of destination.read(name, { offset: 0, length }, signal)) hash.update(chunk);
  return hash.digest("hex");
}

/** What must be the same of one export and of another of the same tree. */
export interface MadeExport {
  readonly contentDigest: string;
  /** SHA-256 of the object that is its archive. */
  readonly archive: string;
}

/** `place` is the export's own prefix. */
export async function manifestAt(running: RunningStore, place: string): Promise<Manifest> {
  const bytes = await running.destination(place).get("manifest.json", signal);
  return Manifest.parse(JSON.parse(Buffer.from(bytes ?? []).toString()));
}

export async function madeExport(running: RunningStore, place: string): Promise<MadeExport> {
  const { contentDigest, run } = await manifestAt(running, place);
  const archive = await digestOfObject(running.destination(place), run.archive?.object ?? "");
  return { contentDigest, archive };
}

/** Whether the export is the same as another, and every byte of it is proved. */
export async function expectSame(running: RunningStore, place: string, other: MadeExport): Promise<void> {
  assert.deepEqual(await madeExport(running, place), other);
  expectExit(await longshore(["verify", running.location(place)], { env: running.env() }), 0);
}

/** Everything below the prefix that only an unfinished export has: uploads, and files for the time being. */
export async function leftOvers(running: RunningStore, prefix: string): Promise<string[]> {
  const uploads = (await running.store.multipart?.uploads(`${prefix}/`, signal)) ?? [];
  const left = uploads.map(({ key, id }) => `upload ${id} of ${key}`);
  for await (const { name } of running.destination(prefix).list("", signal))
    if (/\/(?:tmp|attempts|index)\/|longshore-parts/.test(`/${name}`)) left.push(name);
  return left;
}
