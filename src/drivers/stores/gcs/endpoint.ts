/** Where a location's requests go, through which connections, and whether credentials may go there too. */
import type { Environment } from "../../../domain/environment.ts";
import { Agent as HttpAgent } from "node:http";
import { Agent as HttpsAgent } from "node:https";
import type { BucketLocation } from "../../../domain/location.ts";
import { agentOptions } from "../../connections/agent-options.ts";

export interface Endpoint {
  /** Google's own unless the location says another; a path of its own comes before that of the API. */
  readonly url: URL;
  readonly agent: HttpAgent | HttpsAgent;
}

const google = "https://storage.googleapis.com";
/** Origins other than Google's that may be sent a token, with spaces or commas between. */
const trustedVariable = "LONGSHORE_GS_TRUSTED_ENDPOINTS";

/** Throws InvalidArgument. */
export function endpointOf({ parameters }: BucketLocation, environment: Environment): Endpoint {
  const url = new URL(parameters["endpoint"] ?? google);
  const options = agentOptions(parameters, environment);
  return { url, agent: url.protocol === "http:" ? new HttpAgent(options) : new HttpsAgent(options) };
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
