/** Sends one download and remembers it: who, what, which ranges, how many bytes, from where. */
import type { ServerResponse } from "node:http";
import type { FastifyRequest } from "fastify";
import { displayName } from "../domain/byte-string.ts";
import type { Blob } from "../engine/blob/blob.ts";
import type { DownloadPermission } from "./auth/authorize-download.ts";
import type { GatewayDependencies } from "./dependencies.ts";
import { contentDisposition } from "./download/content-disposition.ts";
import { respondWithBlob } from "./download/respond.ts";
import { knownError, problemText, routeOf } from "./http/errors.ts";
import { unnamed } from "./opened-exports.ts";
import type { GatewayState } from "./state.ts";

export interface Delivery {
  readonly request: FastifyRequest;
  readonly response: ServerResponse;
  readonly blob: Blob;
  /** What was asked for, as a byte string. */
  readonly file: string;
  readonly permission: DownloadPermission;
}

export interface DeliveryHome {
  readonly dependencies: Pick<GatewayDependencies, "grantUsage" | "clock" | "onError">;
  readonly state: Pick<GatewayState, "running" | "metrics" | "records">;
  /** Milliseconds after which a receiver that takes nothing is cut off. */
  readonly idleTimeout: number;
  /** Milliseconds that a URL of a store holds. */
  readonly redirectLifetime: number;
}

interface Delivered {
  readonly status: number;
  readonly ranges: string;
  readonly bytes: number;
  readonly complete: boolean;
}

const longestShown = 1000;
const redirected = 307;

/** Never throws: nobody is left to be told but the audit and `onError`. */
export async function deliver(delivery: Delivery, home: DeliveryHome, signal: AbortSignal): Promise<void> {
  const { request, response, file, permission } = delivery;
  const { onError } = home.dependencies;
  const where = `${request.method} ${routeOf(request)}`;
  try {
    const { status, ...sent } = await send(delivery, home, signal);
    const { namespace, name, uid } = permission.resource.metadata;
    home.state.records.append({
      actor: request.caller.actor,
      action: "download",
      kind: "Export",
      namespace,
      name,
      uid,
      status,
      address: request.address,
      download: { file: displayName(file).slice(0, longestShown), ...sent },
      ...(status === redirected ? { reason: "redirected to the store" } : undefined),
    });
  } catch (error) {
    onError(error, where);
    response.destroy();
  }
}

async function send(delivery: Delivery, home: DeliveryHome, outer: AbortSignal): Promise<Delivered> {
  const { request, response, blob, permission } = delivery;
  const { grantUsage, clock, onError } = home.dependencies;
  const { grant } = permission;
  using running = grant === undefined ? undefined : home.state.running.begin(grant.uid);
  const signal = running === undefined ? outer : AbortSignal.any([outer, running.signal]);
  const where = `${request.method} ${routeOf(request)}`;
  let bytes = 0;
  const onBytes = (count: number): void => {
    bytes += count;
    home.state.metrics.downloaded(count);
    if (grant !== undefined) grantUsage.add(grant.uid, count);
  };
  const presign = presignerOf(delivery, home);
  const exchange = { request: request.raw, response, blob, presign, now: clock.now(), onBytes };
  const options = { bytesLeft: bytesLeft(permission, grantUsage), idleTimeoutMs: home.idleTimeout };
  try {
    const { error, ...sent } = await respondWithBlob({ ...exchange, ...options }, signal);
    if (error !== undefined && !signal.aborted) onError(error, where);
    if (sent.status === redirected) {
      home.state.metrics.redirected();
      if (grant !== undefined) grantUsage.add(grant.uid, 0);
    }
    return sent;
  } catch (error) {
    if (!signal.aborted) onError(error, where);
    return { status: endAnswer(response, error, signal), ranges: "", bytes, complete: false };
  }
}

/** Undefined where the bytes must come from us: no store counts what a grant with a limit has given. */
function presignerOf(
  { blob, permission: { grant } }: Delivery,
  { dependencies: { clock }, redirectLifetime }: DeliveryHome,
): ((signal: AbortSignal) => Promise<string>) | undefined {
  const { stored } = blob;
  if (stored === undefined || grant?.maxBytes !== undefined) return undefined;
  return (signal) => {
    // What is signed can't be taken back, so it does not outlive the grant.
    const left = grant === undefined ? redirectLifetime : grant.expiresAt - clock.now();
    const terms = {
      expiresInSeconds: Math.max(1, Math.floor(Math.min(redirectLifetime, left) / 1000)),
      contentDisposition: contentDisposition(blob.fileName),
      contentType: blob.contentType,
    };
    return stored.presign(terms, signal);
  };
}

/** Several connections share what a grant allows, so each looks at what all of them have had. */
function bytesLeft(
  { grant }: DownloadPermission,
  usage: Pick<GatewayDependencies["grantUsage"], "served">,
): (() => number) | undefined {
  const maxBytes = grant?.maxBytes;
  if (grant === undefined || maxBytes === undefined) return undefined;
  return () => maxBytes - usage.served(grant.uid);
}

/** Says what is wrong where nothing was said yet; an answer that has begun may only break, never end as if it were whole. */
function endAnswer(response: ServerResponse, error: unknown, signal: AbortSignal): number {
  if (response.headersSent || signal.aborted) {
    response.destroy();
    return response.statusCode;
  }
  const problem = problemText(knownError(unnamed(error)));
  response.writeHead(problem.status, {
    ...problem.headers,
    "Content-Length": Buffer.byteLength(problem.text),
  });
  response.end(problem.text);
  return problem.status;
}
