/** Asks the JSON API, with credentials where there are any, and turns whatever goes wrong into an error of the catalogue. */
import type { IncomingMessage } from "node:http";
import { LongshoreError } from "../../../domain/errors.ts";
import { translated } from "../../../domain/translated.ts";
import type { Authorization, TokenSource } from "./credentials.ts";
import type { Endpoint } from "./endpoint.ts";
import { answerError, statusOf, storeError } from "./errors.ts";
import { type HttpBody, readWhole, sendHttp } from "./http.ts";

/** A bucket and how to ask it. */
export interface Bucket {
  readonly endpoint: Endpoint;
  readonly name: string;
  readonly displayed: string;
  /** Absent where requests are anonymous. */
  readonly tokens: TokenSource | undefined;
  /** The project that pays. */
  readonly userProject: string | undefined;
  readonly kmsKeyName: string | undefined;
  readonly storageClass: string | undefined;
}

export interface Exchange<T> {
  /** Of the JSON API: "objects.insert". */
  readonly operation: string;
  readonly key?: string | undefined;
  readonly method: "GET" | "POST" | "DELETE";
  /** Encoded. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string | undefined>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: HttpBody & { readonly type: string };
  /** What is made of the answer to it. */
  readonly use: (answer: IncomingMessage) => T | Promise<T>;
  /** May answer for an error that is none here. */
  readonly rescue?: ((error: unknown) => T | Promise<T>) | undefined;
}

/** More than any page of a list. */
const largestDocument = 32 * 2 ** 20;

/** The path of objects, or of one of them. */
export const objectPath = (bucket: string, name?: string): string => `/storage/v1${placeOf(bucket, name)}`;

/** The same, inside another path. */
export function placeOf(bucket: string, name?: string): string {
  const objects = `/b/${encodeURIComponent(bucket)}/o`;
  return name === undefined ? objects : `${objects}/${encodeURIComponent(name)}`;
}

export function jsonBody(value: unknown): HttpBody & { readonly type: string } {
  const bytes = Buffer.from(JSON.stringify(value));
  return { type: "application/json; charset=utf-8", size: bytes.length, open: () => [bytes] };
}

/** Runs one request; throws errors of the catalogue. */
export function ask<T>(bucket: Bucket, exchange: Exchange<T>, signal: AbortSignal): Promise<T> {
  const { operation, key, use, rescue } = exchange;
  const { displayed, tokens } = bucket;
  const asked = { operation, key, displayed, isAnonymous: tokens === undefined };
  const run = async (): Promise<T> => {
    const authorization = await tokens?.authorize(signal);
    const answer = await sendHttp(bucket.endpoint, requestOf(bucket, exchange, authorization), signal);
    const status = answer.statusCode ?? 0;
    if (status >= 200 && status < 300) return await use(answer);
    const error = answerError(status, await readWhole(answer, largestDocument));
    checkToken(bucket, error, authorization);
    throw error;
  };
  return translated(run, { meaningOf: (error) => storeError(error, asked, signal), rescue }, signal);
}

/** What is made of an answer in JSON. */
export function json<T>(parse: (value: unknown) => T): (answer: IncomingMessage) => Promise<T> {
  return async (answer) => parse(JSON.parse(await readWhole(answer, largestDocument)));
}

function requestOf(
  { userProject }: Bucket,
  { method, path, query, headers, body }: Exchange<unknown>,
  authorization: Authorization | undefined,
) {
  const words = Object.entries({ ...query, userProject }).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}=${encodeURIComponent(value)}`],
  );
  return {
    method,
    path: words.length === 0 ? path : `${path}?${words.join("&")}`,
    headers: {
      ...authorization?.headers,
      ...headers,
      ...(body === undefined ? undefined : { "content-type": body.type }),
    },
    ...(body === undefined ? undefined : { body }),
  };
}

/** A token that was good before may have been revoked, or have expired by the store's clock: then another may be good. */
function checkToken(bucket: Bucket, error: unknown, authorization: Authorization | undefined): void {
  if (statusOf(error) !== 401 || authorization === undefined || authorization.isNew) return;
  bucket.tokens?.forget(authorization);
  throw new LongshoreError(
    "StoreFailed",
    `${bucket.displayed} no longer takes the token that it took before`,
    {
      cause: error,
    },
  );
}
