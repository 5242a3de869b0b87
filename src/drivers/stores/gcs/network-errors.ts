/** Says what it means that no answer came, by the codes of Node's network and TLS layers. */
import type { Meaning } from "./meaning.ts";

const unreachable = (text: string): Meaning => ({ code: "StoreUnreachable", text });

const cut = unreachable("broke the connection");
const noWay = unreachable("can't be reached: there is no way to its endpoint");
const codes: Record<string, Meaning> = {
  ECONNREFUSED: unreachable("can't be reached: nobody listens at its endpoint"),
  ENOTFOUND: unreachable("can't be reached: its endpoint has no address"),
  EAI_AGAIN: unreachable("can't be reached: its endpoint's address can't be looked up just now"),
  ECONNRESET: cut,
  EPIPE: cut,
  ECONNABORTED: cut,
  ERR_STREAM_PREMATURE_CLOSE: cut,
  ERR_STREAM_DESTROYED: cut,
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
};

const certificateCode =
  /^(?:CERT_|UNABLE_TO_|DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|ERR_TLS_CERT|HOSTNAME_MISMATCH|ERR_SSL)/;

export function networkMeaning(error: unknown, operation: string): Meaning {
  const { code = "" } = error as { code?: unknown };
  const known = String(code);
  if (Object.hasOwn(codes, known)) return codes[known] ?? cut;
  if (known === "ERR_SSL_WRONG_VERSION_NUMBER") return codes["EPROTO"] ?? cut;
  if (certificateCode.test(known))
    return { code: "StoreUntrusted", text: `has a certificate that is not trusted (${known})` };
  if (known.startsWith("HPE_")) return unreachable("does not speak HTTP at its endpoint");
  return { code: "StoreFailed", text: `gave no answer that can be understood to ${operation}` };
}
