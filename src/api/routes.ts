/** The paths of the HTTP interface: as templates (RFC 6570, simple expansion) and built from parameters. */
import { isAscii } from "../domain/byte-string.ts";
import { LongshoreError } from "../domain/errors.ts";

const base = "/api/v1";
const inNamespace = `${base}/namespaces/{namespace}` as const;
const ofExport = `${inNamespace}/exports/{name}` as const;
const download = "/d/{namespace}/{name}" as const;

/** `{path}` is the path of an entry and may hold slashes; every other parameter is one segment. */
export const routes = {
  allExports: `${base}/exports`,
  exports: `${inNamespace}/exports`,
  export: ofExport,
  exportCancel: `${ofExport}/cancel`,
  exportEvents: `${ofExport}/events`,
  exportGrants: `${ofExport}/grants`,
  exportGrant: `${ofExport}/grants/{grant}`,
  exportFiles: `${ofExport}/files`,
  exportFile: `${ofExport}/files/{path}`,
  exportManifest: `${ofExport}/manifest`,
  events: `${inNamespace}/events`,
  grants: `${inNamespace}/grants`,
  grant: `${inNamespace}/grants/{grant}`,
  destinations: `${inNamespace}/destinations`,
  destination: `${inNamespace}/destinations/{name}`,
  tokens: `${base}/tokens`,
  token: `${base}/tokens/{name}`,
  audit: `${base}/audit`,
  rotateKey: `${base}/keys/rotate`,
  whoami: `${base}/whoami`,
  /** The archive as `{name}.{extension}`, SHA256SUMS, manifest.json, metalink. */
  download: `${download}/{file}`,
  downloadPart: `${download}/parts/{number}`,
  downloadEntry: `${download}/files/{path}`,
} as const;
export type RouteName = keyof typeof routes;

type ParameterOf<T extends string> = T extends `${string}{${infer Name}}${infer Rest}`
  ? Name | ParameterOf<Rest>
  : never;
export type RouteParameters<R extends RouteName> = Readonly<Record<ParameterOf<(typeof routes)[R]>, string>>;

/**
 * The path of a route, percent-encoded. `path` is a byte string (see byte-string.ts), every other parameter is text.
 * Throws InvalidArgument where a segment is empty, "." or "..": whoever reads the URL would take it for another one.
 */
export function routePath<R extends RouteName>(route: R, parameters: RouteParameters<R>): string {
  const values: Readonly<Record<string, string>> = parameters;
  return routes[route].replaceAll(/\{(\w+)\}/g, (_, name: string) => {
    const value = values[name] ?? "";
    return name === "path" ? encodePath(value) : segment(value, name);
  });
}

function segment(value: string, name: string): string {
  if (value === "" || value === "." || value === ".." || !value.isWellFormed())
    throw new LongshoreError("InvalidArgument", `${JSON.stringify(value)} can't be a ${name}`);
  return encodeURIComponent(value);
}

/** The bytes of an entry's path as they stand in a URL: slashes stay, what is not unreserved (RFC 3986) is encoded. */
export function encodePath(path: string): string {
  const parts = path.replace(/\/$/, "").split("/");
  if (parts.some((part) => part === "" || part === "." || part === ".."))
    throw new LongshoreError("InvalidArgument", "the path has an empty part, or one of dots alone");
  return parts.map(encodeBytes).join("/") + (path.endsWith("/") ? "/" : "");
}

/** A byte string as a path's segment or a query's value. */
function encodeBytes(bytes: string): string {
  if (isAscii(bytes)) return encodeURIComponent(bytes);
  return bytes.replaceAll(
    /[^A-Za-z0-9\-._~!'()*]/g,
    (byte) => `%${byte.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`,
  );
}
