/** Says which methods an address has, to requests with another (RFC 9110 section 15.5.6). */
import type { FastifyInstance, HTTPMethods } from "fastify";
import { AnswerError } from "./answer-error.ts";

const methods: readonly HTTPMethods[] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"];

/** `routes` are the router's paths with the methods that each has. */
export function addMethodNotAllowed(
  app: FastifyInstance,
  routes: ReadonlyMap<string, ReadonlySet<string>>,
): void {
  for (const [url, allowed] of routes) {
    // Said now: the routes that are added here are collected with the others.
    const allow = [...allowed].join(", ");
    const missing = methods.filter((method) => !allowed.has(method));
    const refuse = (): never => {
      throw new AnswerError("MethodNotAllowed", "the address does not have this method", {
        headers: { Allow: allow },
      });
    };
    app.route({
      method: missing,
      url,
      // Before a body is read: it is nothing to this address.
      onRequest: async () => refuse(),
      handler: refuse,
    });
  }
}

/** Collects the methods of every route that is added from now on. */
export function collectMethods(app: FastifyInstance): ReadonlyMap<string, ReadonlySet<string>> {
  const found = new Map<string, Set<string>>();
  app.addHook("onRoute", ({ url, method }) => {
    const known = found.get(url) ?? new Set<string>();
    for (const one of [method].flat()) known.add(one);
    found.set(url, known);
  });
  return found;
}
