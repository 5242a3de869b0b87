/** A container and how it is asked: one request a call, and whatever goes wrong as an error of the catalogue. */
import { Readable } from "node:stream";
import {
  BlockBlobClient,
  ContainerClient,
  type PipelineLike,
  type StorageSharedKeyCredential,
  type Tags,
} from "@azure/storage-blob";
import { LongshoreError } from "../../../domain/errors.ts";
import { translated } from "../../../domain/translated.ts";
import { storeError } from "./errors.ts";

export interface Container {
  readonly name: string;
  /** For messages, without secrets. */
  readonly displayed: string;
  readonly pipeline: PipelineLike;
  /** URL of a container of the same account, with whatever grants access to it. */
  urlOf(container: string): URL;
  /** What grants are signed with, where there is such a thing. */
  readonly sharedKey?: StorageSharedKeyCredential;
  /** What a location says of new blobs. */
  readonly newBlob: NewBlob;
}

export interface NewBlob {
  readonly tags?: Tags;
  readonly tier?: string;
}

export const clientOf = (container: Container): ContainerClient =>
  new ContainerClient(container.urlOf(container.name).href, container.pipeline);

/** Throws StoreUnsupported for a key that can't stand in a URL. */
export function blobOf(container: Container, key: string): BlockBlobClient {
  return new BlockBlobClient(blobUrl(container, container.name, key).href, container.pipeline);
}

/** A key with names of dots is written as one segment, for a URL would take them for a way through its path. */
export function blobUrl(container: Container, name: string, key: string): URL {
  const url = container.urlOf(name);
  if (key === "." || key === ".." || key === "" || !key.isWellFormed())
    throw new LongshoreError(
      "StoreUnsupported",
      `${container.displayed} can't keep the name ${JSON.stringify(key)}`,
    );
  const segments = key.split("/").map(encodeURIComponent);
  const hasDots = segments.some((segment) => segment === "." || segment === "..");
  url.pathname += `/${segments.join(hasDots ? "%2F" : "/")}`;
  return url;
}

type Options = { readonly abortSignal: AbortSignal };

export interface Exchange<T> {
  /** Of the REST API: "Put Block". */
  readonly operation: string;
  readonly key?: string | undefined;
  readonly run: (options: Options) => Promise<T>;
}

/** Runs one request; throws errors of the catalogue. `rescue` may answer for an error that is none here. */
export function ask<T>(
  { displayed }: Pick<Container, "displayed">,
  { operation, key, run }: Exchange<T>,
  signal: AbortSignal,
  rescue?: (error: unknown) => T | Promise<T>,
): Promise<T> {
  const meaningOf = (error: unknown): unknown => storeError(error, { operation, key, displayed }, signal);
  return translated(() => run({ abortSignal: signal }), { meaningOf, rescue }, signal);
}

export interface Sending<T> {
  readonly operation: string;
  readonly key: string;
  readonly bytes: Uint8Array | AsyncIterable<Uint8Array>;
  readonly run: (body: Uint8Array | Readable, options: Options) => Promise<T>;
  readonly rescue?: (error: unknown) => T;
}

/** As `ask`, with bytes that may come from a stream, which may fail. */
export async function send<T>(
  container: Pick<Container, "displayed">,
  { operation, key, bytes, run, rescue }: Sending<T>,
  signal: AbortSignal,
): Promise<T> {
  signal.throwIfAborted();
  const broken = new AbortController();
  const body = bytes instanceof Uint8Array ? bytes : Readable.from(bytes, { objectMode: false });
  // The SDK pipes, and a pipe does not tell the request that its source failed.
  if (body instanceof Readable) body.on("error", (error) => broken.abort(error));
  const sending = AbortSignal.any([signal, broken.signal]);
  const exchange = { operation, key, run: () => run(body, { abortSignal: sending }) };
  try {
    return await ask(container, exchange, signal, rescue);
  } catch (error) {
    throw broken.signal.aborted && !signal.aborted ? broken.signal.reason : error;
  } finally {
    if (body instanceof Readable) body.destroy();
  }
}
