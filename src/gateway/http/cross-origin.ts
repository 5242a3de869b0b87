/**
 * Other sites' pages may not change anything here. There are no cookies that they could ride on, but a page can reach
 * a server on its visitor's own machine; there are no CORS headers either, so that it may not read an answer.
 */
import type { IncomingHttpHeaders } from "node:http";
import { LongshoreError } from "../../domain/errors.ts";

const harmless: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS", "TRACE"]);

/** Throws Forbidden where a browser says that the request comes from a page of another origin than ours. */
export function refuseCrossOrigin(method: string, headers: IncomingHttpHeaders, ownUrl: () => string): void {
  if (harmless.has(method)) return;
  const { origin, host } = headers;
  const isOwn =
    origin === undefined ||
    origin === URL.parse(ownUrl())?.origin ||
    (isLoopbackHost(host) && origin === `http://${host}`);
  if (!isOwn || headers["sec-fetch-site"] === "cross-site")
    throw new LongshoreError("Forbidden", "pages of another origin may not change anything here", {
      hint: "call it from a program, or from the address that --public-url names",
    });
}

/** Whether the request was sent to a name of this machine itself: what a page can't say for a name of its own. */
export function isLoopbackHost(host: string | undefined): boolean {
  const name = (host ?? "").replace(/:\d+$/, "").toLowerCase();
  return name === "localhost" || name === "[::1]" || /^127(?:\.\d{1,3}){3}$/.test(name);
}
