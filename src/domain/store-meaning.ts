/** What an object store's answer, or the lack of one, means in words of the catalogue: what all stores have in common. */
import { type ErrorCode, LongshoreError } from "./errors.ts";

/** The rest of a sentence about the store, and what to do next where the catalogue does not say. */
export interface StoreMeaning {
  readonly code: ErrorCode;
  readonly text: string;
  readonly hint?: string;
}

/** What was asked, for messages. */
export interface AskedStore {
  /** In the words of the store's API: "PutObject". */
  readonly operation: string;
  /** The bucket as it is displayed. */
  readonly displayed: string;
  readonly key?: string | undefined;
}

/** `cause` is what the meaning was taken from, without secrets. */
export function storeFailure(
  { code, text, hint }: StoreMeaning,
  { displayed, key = "" }: AskedStore,
  cause: unknown,
): LongshoreError {
  const place = key === "" ? "" : ` (at ${key})`;
  const options = hint === undefined ? { cause } : { cause, hint };
  return new LongshoreError(code, `${displayed} ${text}${place}`, options);
}

export const throttled: StoreMeaning = { code: "StoreBusy", text: "asks for fewer requests (throttling)" };
export const otherBytes: StoreMeaning = { code: "StoreFailed", text: "received other bytes than were sent" };
export const failedInside: StoreMeaning = { code: "StoreFailed", text: "failed inside" };
export const doingElse: StoreMeaning = {
  code: "StoreFailed",
  text: "was doing something else with the same object",
};
export const tooLarge: StoreMeaning = { code: "StoreUnsupported", text: "takes no object of this size" };
export const overQuota: StoreMeaning = { code: "DestinationFull", text: "has used up its quota" };
export const noBucket: StoreMeaning = { code: "BucketNotFound", text: "does not exist" };
export const wrongClock: StoreMeaning = {
  code: "ClockSkewed",
  text: "refuses the request: this machine's clock is wrong",
};
export const unavailable: StoreMeaning = { code: "StoreBusy", text: "is not available just now" };
export const waitedInVain: StoreMeaning = {
  code: "StoreUnreachable",
  text: "waited in vain for the rest of a request",
};

export const badCredentials = (text: string): StoreMeaning => ({ code: "CredentialsInvalid", text });
const unreachable = (text: string): StoreMeaning => ({ code: "StoreUnreachable", text });
export const cutLine: StoreMeaning = {
  ...unreachable("broke the connection"),
  hint: "check the network and the endpoint (http:// is another than https://), then run the same command again",
};
const noWay = unreachable("can't be reached: there is no way to its endpoint");
const noTls: StoreMeaning = {
  code: "StoreUntrusted",
  text: "does not speak TLS at its endpoint",
  hint: "check the endpoint: http:// is another than https://",
};

/** Codes of the system and of TLS. */
const lines: Readonly<Record<string, StoreMeaning>> = {
  ECONNREFUSED: unreachable("can't be reached: nobody listens at its endpoint"),
  ENOTFOUND: unreachable("can't be reached: its endpoint has no address"),
  EAI_AGAIN: unreachable("can't be reached: its endpoint's address can't be looked up just now"),
  ECONNRESET: cutLine,
  EPIPE: cutLine,
  ECONNABORTED: cutLine,
  ERR_STREAM_PREMATURE_CLOSE: cutLine,
  ERR_STREAM_DESTROYED: cutLine,
  ETIMEDOUT: unreachable("does not answer"),
  ERR_PROXY_TUNNEL: unreachable("can't be reached: the proxy on the way to it makes no connection"),
  EHOSTUNREACH: noWay,
  ENETUNREACH: noWay,
  EPROTO: noTls,
  ERR_SSL_WRONG_VERSION_NUMBER: noTls,
  ERR_SSL_PACKET_LENGTH_TOO_LONG: noTls,
  ERR_TLS_CERT_ALTNAME_INVALID: {
    code: "StoreUntrusted",
    text: "has a certificate of another name than its endpoint's",
    hint: "check the endpoint",
  },
};

const certificateCode =
  /^(?:CERT_|UNABLE_TO_|DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|ERR_TLS_CERT|HOSTNAME_MISMATCH|ERR_SSL)/;

/** What the code of an error that came instead of an answer says; undefined where it says nothing. */
export function lineMeaning(code: unknown): StoreMeaning | undefined {
  if (typeof code !== "string") return undefined;
  if (Object.hasOwn(lines, code)) return lines[code];
  if (certificateCode.test(code))
    return { code: "StoreUntrusted", text: `has a certificate that is not trusted (${code})` };
  return code.startsWith("HPE_") ? unreachable("does not speak HTTP at its endpoint") : undefined;
}

/** HTTP statuses that mean the same whoever answers with them. */
const statuses: Readonly<Record<number, StoreMeaning>> = {
  408: waitedInVain,
  413: tooLarge,
  429: throttled,
  503: unavailable,
  504: unavailable,
  507: { code: "DestinationFull", text: "is full" },
};

export const unknownOperation = (operation: string): StoreMeaning => ({
  code: "StoreUnsupported",
  text: `has no ${operation} as it was asked for`,
});

/** What an answer's status says; `word` is the store's own for it, "" where it gave none. 0 is no answer that was understood. */
export function statusMeaning(status: number, word: string, { operation }: AskedStore): StoreMeaning {
  const known = statuses[status];
  if (known !== undefined) return known;
  if (status === 501) return unknownOperation(operation);
  if (status >= 500) return { code: "StoreFailed", text: `answered with ${status}` };
  if (status >= 300)
    return {
      code: "StoreUnsupported",
      text: `refuses ${operation} with ${word || status}`,
      hint: "check the parameters of the location; --verbose shows the store's answer",
    };
  return { code: "StoreFailed", text: `gave no answer that can be understood to ${operation}` };
}
