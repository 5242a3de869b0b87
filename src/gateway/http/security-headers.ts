/** Headers of every answer; what serves something else than JSON to a program replaces what it must. */
import type { FastifyInstance } from "fastify";

const always: Readonly<Record<string, string>> = {
  "X-Content-Type-Options": "nosniff",
  "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
  "Referrer-Policy": "no-referrer",
  "Cross-Origin-Resource-Policy": "same-origin",
  "Cache-Control": "no-store",
};

/** Set on the response itself, so that answers which leave the framework have them too. */
export function addSecurityHeaders(app: FastifyInstance): void {
  app.addHook("onRequest", (_request, reply, done) => {
    for (const [name, value] of Object.entries(always)) reply.raw.setHeader(name, value);
    done();
  });
}
