/** `/openapi.json`, and `/` for people. */
import type { FastifyInstance } from "fastify";
import type { GatewayDependencies } from "../dependencies.ts";
import type { Operation } from "../operations/operation.ts";
import { openApiDocument } from "./document.ts";
import { apiPage, pagePolicy } from "./page.ts";

/** Both are made once, when they are first asked for: the addresses are known only when the server listens. */
export function addOpenApi(
  app: FastifyInstance,
  operations: readonly Operation[],
  dependencies: Pick<GatewayDependencies, "version" | "publicUrl" | "downloadsUrl">,
): void {
  let made: { readonly json: string; readonly page: string } | undefined;
  const make = (): { readonly json: string; readonly page: string } => {
    const { version, publicUrl, downloadsUrl } = dependencies;
    const document = openApiDocument({
      operations,
      version,
      publicUrl: publicUrl(),
      downloadsUrl: downloadsUrl(),
    });
    return { json: JSON.stringify(document), page: apiPage(document) };
  };
  app.get("/openapi.json", async (_request, reply) => {
    made ??= make();
    return reply.header("Content-Type", "application/json; charset=utf-8").send(made.json);
  });
  app.get("/", async (_request, reply) => {
    made ??= make();
    return reply
      .headers({ "Content-Type": "text/html; charset=utf-8", "Content-Security-Policy": pagePolicy })
      .send(made.page);
  });
}
