/** Reads the target of a request ourselves: the router decodes to text and refuses what is not UTF-8. */
import type { IncomingMessage } from "node:http";
import { LongshoreError } from "../../domain/errors.ts";
import { percentDecoded } from "./percent.ts";

/**
 * The target as the router gets it: in origin form (RFC 9112 section 3.2), every "%" of the path encoded once more.
 * What the router decodes is then the parameter as it was sent, for `decodedParams`.
 */
export function routableTarget({ url = "/" }: Pick<IncomingMessage, "url">): string {
  const target = url.startsWith("/") ? url : url.replace(/^[a-z][a-z0-9+.-]*:\/\/[^/?#]*/i, "");
  const end = target.search(/[?#]/);
  const path = end < 0 ? target : target.slice(0, end);
  const rest = end < 0 ? "" : target.slice(end);
  return `${path.startsWith("/") ? "" : "/"}${path.replaceAll("%", "%25")}${rest}`;
}

/** Parameters of the path as byte strings; the router's "*" is `path`. Throws InvalidRequest. */
export function decodedParams(params: unknown): Record<string, string> {
  const decoded: Record<string, string> = {};
  for (const [name, value] of Object.entries(params as Record<string, string>)) {
    const bytes = percentDecoded(value);
    if (bytes === undefined) throw malformed("path");
    decoded[name === "*" ? "path" : name] = bytes;
  }
  return decoded;
}

/** What the router hands on as the query: the text between "?" and the end. */
export interface RawQuery {
  readonly raw: string;
}

/**
 * Parameters of the query as byte strings ("+" is a space, as forms send it); one that is there twice is a list, which
 * no schema takes. Throws InvalidRequest.
 */
export function decodedQuery(query: unknown): Record<string, string | string[]> {
  const { raw } = query as RawQuery;
  const decoded = new Map<string, string[]>();
  for (const pair of raw.split("&")) {
    if (pair === "") continue;
    const equals = pair.indexOf("=");
    const [name, value] = [
      equals < 0 ? pair : pair.slice(0, equals),
      equals < 0 ? "" : pair.slice(equals + 1),
    ].map((text) => percentDecoded(text.replaceAll("+", " ")));
    if (name === undefined || value === undefined) throw malformed("query");
    const values = decoded.get(name);
    if (values === undefined) decoded.set(name, [value]);
    else values.push(value);
  }
  return Object.fromEntries(
    [...decoded].map(([name, values]) => [name, values.length === 1 ? (values[0] ?? "") : values]),
  );
}

const malformed = (where: string): LongshoreError =>
  new LongshoreError("InvalidRequest", `the ${where} of the URL is not percent-encoded correctly`);
