/** Where a location's requests go, through which connections, and whether credentials may go there too. */
import { readFileSync } from "node:fs";
import { Agent as HttpAgent } from "node:http";
import { Agent as HttpsAgent } from "node:https";
import { rootCertificates } from "node:tls";
import { LongshoreError } from "../../../domain/errors.ts";
import type { BucketLocation } from "../../../domain/location.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

export interface Endpoint {
  /** Google's own unless the location says another; a path of its own comes before that of the API. */
  readonly url: URL;
  readonly agent: HttpAgent | HttpsAgent;
}

const google = "https://storage.googleapis.com";
/** Origins other than Google's that may be sent a token, with spaces or commas between. */
const trustedVariable = "LONGSHORE_GS_TRUSTED_ENDPOINTS";
/** Workers read ahead, and write many small files at once. */
const maxSockets = 128;

/** Throws InvalidArgument. */
export function endpointOf({ parameters }: BucketLocation, environment: Environment): Endpoint {
  const url = new URL(parameters["endpoint"] ?? google);
  return { url, agent: agentFor(url, parameters["caBundle"], environment) };
}

/**
 * Whoever has a token can do all that its owner can, so unlike a signature it is not for every endpoint that somebody writes
 * into a location: it goes to Google, and to those that whoever runs the program has named. Elsewhere requests are anonymous.
 */
export function maySendToken({ url }: Endpoint, environment: Environment): boolean {
  if (url.protocol === "https:" && /(?:^|\.)googleapis\.com$/.test(url.hostname)) return true;
  const trusted = (environment[trustedVariable] ?? "").split(/[\s,]+/).filter((text) => URL.canParse(text));
  return trusted.some((text) => new URL(text).origin === url.origin);
}

function agentFor(url: URL, caBundle: string | undefined, environment: Environment): HttpAgent | HttpsAgent {
  const hasProxy = Object.keys(environment).some((name) => /^https?_proxy$/i.test(name));
  const options = {
    keepAlive: true,
    maxSockets,
    ...(hasProxy ? { proxyEnv: environment as NodeJS.ProcessEnv } : undefined),
  };
  if (url.protocol === "http:") return new HttpAgent(options);
  const ca = caBundle === undefined ? undefined : { ca: [...rootCertificates, readBundle(caBundle)] };
  return new HttpsAgent({ ...options, ...ca });
}

function readBundle(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw new LongshoreError("InvalidArgument", `caBundle=${file} can't be read`, {
      cause: error,
      hint: "name a file of certificates in PEM",
    });
  }
}
