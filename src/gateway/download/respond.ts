/** Answers a request for a blob, exactly as RFC 9110 has it: conditions, ranges, HEAD, and a connection that ends rather than lies. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { problemMediaType, problemOf } from "../../api/problem.ts";
import { type ErrorCode, LongshoreError } from "../../domain/errors.ts";
import type { Blob } from "../../engine/blob/blob.ts";
import { blobHeaders, guardHeaders, validatorHeaders, validatorsOf } from "./blob-headers.ts";
import { type BodyPlan, rangesBody, wholeBody } from "./body-plan.ts";
import { type Selection, selectRanges } from "./byte-ranges.ts";
import { Outlet } from "./outlet.ts";
import { evaluatePreconditions, mayUseRange, type Validators } from "./preconditions.ts";
import { isForStore, redirectHeaders } from "./redirect.ts";
import { sendBody } from "./send-body.ts";
import { TransferBuffers } from "./transfer-buffers.ts";
import { TransferPace } from "./transfer-pace.ts";

export interface BlobExchange {
  readonly request: IncomingMessage;
  /** Nothing was sent of it yet; headers that were set stay. */
  readonly response: ServerResponse;
  readonly blob: Blob;
  /** Makes a URL by which the store gives the blob by itself; absent where all bytes must come from us. */
  readonly presign?: ((signal: AbortSignal) => Promise<string>) | undefined;
  /** Milliseconds since 1970. */
  readonly now: number;
  /** Bytes that may still be sent, asked again before each write: at none the connection is ended. No limit unless given. */
  readonly bytesLeft?: (() => number) | undefined;
  /** Told of bytes of the body when they are handed to the socket. */
  readonly onBytes?: ((count: number) => void) | undefined;
  /** After so long without a byte taken the connection is ended; two minutes unless given. */
  readonly idleTimeoutMs?: number | undefined;
  /** Those of the whole process unless given. */
  readonly buffers?: TransferBuffers | undefined;
  /** Milliseconds from anywhere, never set back; `performance.now` unless given. */
  readonly clock?: (() => number) | undefined;
}

export interface BlobAnswer {
  readonly status: number;
  /** First and last bytes, "0-499,1000-1499"; "" where it was not a part of it. */
  readonly ranges: string;
  /** Of the body, handed to the socket. */
  readonly bytes: number;
  /** Whether the answer was given to its end; the receiver may still have lost it on the way. */
  readonly complete: boolean;
  /** Why it was not: damage that was found on the way, after which the connection was ended. */
  readonly error?: unknown;
}

const defaultIdleMs = 120_000;
const sharedBuffers = new TransferBuffers();

/**
 * Answers to the end; a receiver that goes away, is idle or uses up its limit is no error. Throws, before anything was
 * sent, what the blob's first read throws; after that such an error breaks the connection off and is in the answer.
 */
export async function respondWithBlob(exchange: BlobExchange, signal: AbortSignal): Promise<BlobAnswer> {
  const { request, response, blob, presign, now } = exchange;
  const validators = validatorsOf(blob, now);
  if (request.method !== "GET" && request.method !== "HEAD") {
    response.setHeader("allow", "GET, HEAD");
    return refuse(exchange, "MethodNotAllowed", `a download takes no ${request.method}`);
  }
  const verdict = evaluatePreconditions(request.headers, validators, now);
  if (verdict === "not-modified") {
    response.writeHead(304, { ...guardHeaders, ...validatorHeaders(validators) });
    return ended(exchange, { status: 304, ranges: "" });
  }
  const isRanged =
    request.method === "GET" && mayUseRange(single(request.headers["if-range"]), validators, now);
  const selection = selectRanges(isRanged ? request.headers.range : undefined, blob.size);
  const { method, headers } = request;
  const asked = {
    method,
    headers,
    selection,
    size: blob.size,
    validators,
    storeEtag: blob.stored?.etag,
    verdict,
    now,
  };
  if (presign !== undefined && isForStore(asked)) {
    response.writeHead(307, redirectHeaders(await presign(signal)));
    return ended(exchange, { status: 307, ranges: textOf(selection) });
  }
  if (verdict === "failed") return refuse(exchange, "PreconditionFailed", "it is not what the request names");
  return sendSelection(exchange, { selection, validators }, signal);
}

/** "0-499,1000-1499"; "" of the whole. */
const textOf = (selection: Selection): string =>
  selection.kind === "ranges"
    ? selection.ranges.map(({ offset, length }) => `${offset}-${offset + length - 1}`).join(",")
    : "";

async function sendSelection(
  exchange: BlobExchange,
  { selection, validators }: { readonly selection: Selection; readonly validators: Validators },
  signal: AbortSignal,
): Promise<BlobAnswer> {
  const { response, blob } = exchange;
  const ranges = textOf(selection);
  switch (selection.kind) {
    case "unsatisfiable":
      response.setHeader("content-range", `bytes */${blob.size}`);
      return refuse(exchange, "RangeNotSatisfiable", `it has ${blob.size} bytes`);
    case "whole":
      return send(exchange, { plan: wholeBody(blob), ranges, validators }, signal);
    case "ranges":
      return send(exchange, { plan: rangesBody(blob, selection.ranges), ranges, validators }, signal);
  }
}

interface Answer {
  readonly plan: BodyPlan;
  readonly ranges: string;
  readonly validators: Validators;
}

async function send(exchange: BlobExchange, answer: Answer, signal: AbortSignal): Promise<BlobAnswer> {
  const { request, response, blob } = exchange;
  const { plan, ranges, validators } = answer;
  const { status } = plan;
  const begin = (): void => {
    if (!response.headersSent)
      response.writeHead(status, { ...blobHeaders(blob, validators), ...plan.headers });
  };
  if (request.method === "HEAD" || plan.pieces.length === 0) {
    begin();
    return ended(exchange, { status, ranges });
  }
  let bytes = 0;
  const count = (sent: number): void => {
    bytes += sent;
    exchange.onBytes?.(sent);
  };
  try {
    const complete = await transfer(exchange, { plan, begin, count }, signal);
    return { status, ranges, bytes, complete };
  } catch (error) {
    if (!response.headersSent) throw error;
    response.destroy();
    return { status, ranges, bytes, complete: false, error };
  }
}

interface Sending {
  readonly plan: BodyPlan;
  readonly begin: () => void;
  readonly count: (sent: number) => void;
}

/** True when everything was sent. */
async function transfer(exchange: BlobExchange, sending: Sending, signal: AbortSignal): Promise<boolean> {
  const { response, blob, idleTimeoutMs = defaultIdleMs, buffers = sharedBuffers } = exchange;
  const { plan, begin, count } = sending;
  using outlet = new Outlet(response);
  using _patience = cutWhenIdle(response, idleTimeoutMs);
  using _cancel = cutWhenAborted(response, signal);
  await using reader = blob.open();
  const moving = {
    reader,
    outlet,
    buffers,
    pace: new TransferPace(exchange.clock ?? (() => performance.now())),
    begin,
    bytesLeft: exchange.bytesLeft ?? (() => Number.POSITIVE_INFINITY),
    onBytes: count,
  };
  try {
    const end = await sendBody(moving, plan.pieces, AbortSignal.any([signal, outlet.gone]));
    if (end === "complete") return await outlet.end();
  } catch (error) {
    // A read that was given up because nobody waits for it is no failure.
    if (!outlet.isGone || error instanceof LongshoreError) throw error;
  }
  outlet.cut();
  return false;
}

/** The socket's own timer knows of bytes that the system took of a large write, and of nothing that we do. */
function cutWhenIdle(response: ServerResponse, idleMs: number): Disposable {
  const cut = (): void => void response.destroy();
  response.setTimeout(idleMs);
  response.on("timeout", cut);
  return {
    [Symbol.dispose]: () => {
      response.off("timeout", cut);
      if (!response.destroyed) response.setTimeout(0);
    },
  };
}

/** So that a write that nobody takes ends too. */
function cutWhenAborted(response: ServerResponse, signal: AbortSignal): Disposable {
  const cut = (): void => void response.destroy();
  signal.addEventListener("abort", cut, { once: true });
  return { [Symbol.dispose]: () => signal.removeEventListener("abort", cut) };
}

/** Ends an answer without a body. */
async function ended(
  { response }: BlobExchange,
  said: { readonly status: number; readonly ranges: string },
): Promise<BlobAnswer> {
  using outlet = new Outlet(response);
  return { ...said, bytes: 0, complete: await outlet.end() };
}

async function refuse(exchange: BlobExchange, code: ErrorCode, message: string): Promise<BlobAnswer> {
  const { request, response } = exchange;
  const problem = problemOf(new LongshoreError(code, message));
  const body = Buffer.from(JSON.stringify(problem));
  response.writeHead(problem.status, {
    ...guardHeaders,
    "content-type": problemMediaType,
    "content-length": body.length,
    "cache-control": "no-store",
  });
  if (request.method !== "HEAD") response.write(body);
  return ended(exchange, { status: problem.status, ranges: "" });
}

const single = (header: string | string[] | undefined): string | undefined =>
  Array.isArray(header) ? header.join(", ") : header;
