/** A container and how it is asked: one request a call, and whatever goes wrong as an error of the catalogue. */
import {
  BlockBlobClient,
  ContainerClient,
  type PipelineLike,
  type StorageSharedKeyCredential,
  type Tags,
} from "@azure/storage-blob";
import { LongshoreError } from "../../../domain/errors.ts";
import { translated } from "../../../domain/translated.ts";
import { sendBody, type SentBody } from "../../connections/streamed-body.ts";
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
  /** In milliseconds: when a grant is signed. */
  readonly now: () => number;
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
  /** May answer for an error that is none here. */
  readonly rescue?: (error: unknown) => T | Promise<T>;
}

/** Runs one request; throws errors of the catalogue. */
export function ask<T>(
  { displayed }: Pick<Container, "displayed">,
  { operation, key, run, rescue }: Exchange<T>,
  signal: AbortSignal,
): Promise<T> {
  const meaningOf = (error: unknown): unknown => storeError(error, { operation, key, displayed }, signal);
  return translated(() => run({ abortSignal: signal }), { meaningOf, rescue }, signal);
}

export interface Sending<T> extends Omit<Exchange<T>, "run"> {
  readonly bytes: Uint8Array | AsyncIterable<Uint8Array>;
  readonly run: (body: SentBody, options: Options) => Promise<T>;
}

/** As `ask`, with bytes that may come from a stream, which may fail. */
export function send<T>(
  container: Pick<Container, "displayed">,
  { bytes, run, ...exchange }: Sending<T>,
  signal: AbortSignal,
): Promise<T> {
  return sendBody(
    bytes,
    (body, abortSignal) => ask(container, { ...exchange, run: () => run(body, { abortSignal }) }, signal),
    signal,
  );
}
