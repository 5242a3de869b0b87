/** Asks a bucket whether exports can be put into it, and whether receivers who are sent to it get an answer. */
import { randomUUID } from "node:crypto";
import { Agent as HttpAgent, get as getByHttp, type IncomingMessage } from "node:http";
import { Agent as HttpsAgent, type AgentOptions, get as getByHttps } from "node:https";
import { LongshoreError } from "../domain/errors.ts";
import { displayedBucket, parseBucketLocation } from "../domain/location.ts";
import type { Destination } from "../domain/ports/destination.ts";
import type { CheckPlace } from "../domain/ports/places.ts";

export interface PlaceCheckOptions {
  readonly openDestination: (reached: string) => Promise<Destination>;
  /** How this machine reaches a store whose location names this bundle of certificates. Throws InvalidArgument. */
  readonly connections: (caBundle: string | undefined) => AgentOptions;
  /** Milliseconds that a check may take; 20,000 unless said. */
  readonly longest?: number;
}

const longestCheck = 20_000;
/** Seconds that the URL is good for which is asked. */
const expiresInSeconds = 60;

export function createPlaceCheck(options: PlaceCheckOptions): CheckPlace {
  const { openDestination, longest = longestCheck } = options;
  return async (reached, signal) => {
    const bucket = bucketOf(reached);
    const late = new LongshoreError(
      "StoreUnreachable",
      `${bucket} did not answer within ${longest / 1000} s`,
    );
    const limit = new AbortController();
    const timer = setTimeout(() => limit.abort(late), longest);
    const limited = AbortSignal.any([signal, limit.signal]);
    try {
      const destination = await openDestination(reached);
      await destination.prepare(limited);
      // A name that nobody has: the answer of the store counts, not what it is.
      const name = `check-${randomUUID()}`;
      const url = await destination.presign?.(name, { expiresInSeconds }, limited);
      if (url !== undefined) await askAsReceiver(url, bucket, agentsOf(reached, options), limited);
    } finally {
      clearTimeout(timer);
    }
  };
}

const bucketOf = (reached: string): string => {
  const bucket = parseBucketLocation(reached);
  return bucket === undefined ? reached : displayedBucket(bucket);
};

interface Agents {
  readonly http: HttpAgent;
  readonly https: HttpsAgent;
}

/** Receivers are taken to trust whom the operator says that the store's certificate is from. */
function agentsOf(reached: string, { connections }: PlaceCheckOptions): Agents {
  const caBundle = parseBucketLocation(reached)?.parameters["caBundle"];
  // One request: nothing is kept for another.
  const options = { ...connections(caBundle), keepAlive: false };
  return { http: new HttpAgent(options), https: new HttpsAgent(options) };
}

/** Throws PublicEndpointUnreachable, which has nothing of the URL in it. */
async function askAsReceiver(
  url: string,
  bucket: string,
  agents: Agents,
  signal: AbortSignal,
): Promise<void> {
  let answer: Answered;
  try {
    answer = await ask(new URL(url), agents, signal);
  } catch (error) {
    signal.throwIfAborted();
    // The error itself may repeat the URL, which is a secret.
    throw unreachable(bucket, `the line says ${codeOf(error)}`);
  }
  const refusal = refusalIn(answer);
  if (refusal !== undefined) throw unreachable(bucket, refusal);
}

interface Answered {
  readonly status: number;
  /** As much of the body as a store's error takes. */
  readonly text: string;
}

/** Bytes of an answer that are looked at. */
const longestText = 4096;

async function ask(url: URL, agents: Agents, signal: AbortSignal): Promise<Answered> {
  const isSecure = url.protocol === "https:";
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const request = isSecure
    ? getByHttps(url, { agent: agents.https, signal }, resolve)
    : getByHttp(url, { agent: agents.http, signal }, resolve);
  // For good: an error may still come when nobody waits for it.
  request.on("error", reject);
  try {
    const response = await promise;
    let text = "";
    for await (const chunk of response) {
      text += String(chunk);
      if (text.length >= longestText) break;
    }
    return { status: response.statusCode ?? 0, text };
  } finally {
    request.destroy();
  }
}

/** Why the answer does not show that a link works, or undefined where it does. */
function refusalIn({ status, text }: Answered): string | undefined {
  if (status < 300 || status === 404) return undefined;
  const code = /<Code>([A-Za-z]{1,60})<\/Code>/.exec(text)?.[1];
  // Some stores say so of what is not there; what is wrong with a signature has other names.
  if (status === 403 && code === "AccessDenied") return undefined;
  return `the answer is ${status}${code === undefined ? "" : ` ${code}`}`;
}

/** What the system calls it: "ECONNREFUSED". */
function codeOf(error: unknown): string {
  const { code } = error as { readonly code?: unknown };
  return typeof code === "string" && /^[A-Z_]{1,60}$/.test(code) ? code : "nothing that can be repeated";
}

const unreachable = (bucket: string, why: string): LongshoreError =>
  new LongshoreError(
    "PublicEndpointUnreachable",
    `receivers would be sent to ${bucket} by links that do not work from here: ${why}`,
  );
