/** What the codes of the system and of TLS say of the line to a store that gave no answer. */
import type { Meaning } from "./meaning.ts";

const unreachable = (text: string, hint?: string): Meaning => ({
  code: "StoreUnreachable",
  text,
  ...(hint === undefined ? undefined : { hint }),
});

const cut = unreachable("broke the connection");
const noWay = unreachable("can't be reached: there is no way to its endpoint");

const codes: Record<string, Meaning> = {
  ECONNREFUSED: unreachable("can't be reached: nobody listens at its endpoint"),
  ENOTFOUND: unreachable(
    "can't be reached: its account's endpoint has no address",
    "check the account and the endpoint in the location",
  ),
  EAI_AGAIN: unreachable("can't be reached: its endpoint's address can't be looked up just now"),
  ECONNRESET: cut,
  EPIPE: cut,
  ECONNABORTED: cut,
  ERR_STREAM_PREMATURE_CLOSE: cut,
  ETIMEDOUT: unreachable("does not answer"),
  EHOSTUNREACH: noWay,
  ENETUNREACH: noWay,
  EPROTO: {
    code: "StoreUntrusted",
    text: "does not speak TLS at its endpoint",
    hint: "check the endpoint: http:// is another than https://",
  },
  ERR_TLS_CERT_ALTNAME_INVALID: {
    code: "StoreUntrusted",
    text: "has a certificate of another name than its endpoint's",
    hint: "check the endpoint",
  },
  // The SDK's words for an answer that ended before it was whole.
  PARSE_ERROR: cut,
  REQUEST_SEND_ERROR: cut,
};

const certificateCode =
  /^(?:CERT_|UNABLE_TO_|DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|ERR_TLS_CERT|HOSTNAME_MISMATCH|ERR_SSL)/;

/** Undefined where there was an answer, or nobody knows what happened. */
export function lineMeaning(error: {
  readonly code?: unknown;
  readonly statusCode?: unknown;
}): Meaning | undefined {
  const code = typeof error.code === "string" ? error.code : "";
  if (typeof error.statusCode === "number" && code !== "PARSE_ERROR") return undefined;
  if (Object.hasOwn(codes, code)) return codes[code];
  if (certificateCode.test(code))
    return { code: "StoreUntrusted", text: `has a certificate that is not trusted (${code})` };
  return undefined;
}
