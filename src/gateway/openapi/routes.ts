/** `/openapi.json`, and `/` for people. */
import type { FastifyInstance } from "fastify";
import type { GatewayDependencies } from "../dependencies.ts";
import type { Operation } from "../operations/operation.ts";
import { openApiDocument } from "./document.ts";
import { apiPage, pagePolicy } from "./page.ts";

interface Made {
  readonly publicUrl: string;
  readonly downloadsUrl: string;
  readonly json: string;
  readonly page: string;
}

/** Both are made when they are first asked for, and kept: the addresses are known only when the server listens. */
export function addOpenApi(
  app: FastifyInstance,
  operations: readonly Operation[],
  dependencies: Pick<GatewayDependencies, "version" | "publicUrl" | "downloadsUrl">,
): void {
  let kept: Made | undefined;
  const made = (): Made => {
    const publicUrl = dependencies.publicUrl();
    const downloadsUrl = dependencies.downloadsUrl();
    if (kept?.publicUrl === publicUrl && kept.downloadsUrl === downloadsUrl) return kept;
    const { version } = dependencies;
    const document = openApiDocument({ operations, version, publicUrl, downloadsUrl });
    kept = { publicUrl, downloadsUrl, json: JSON.stringify(document), page: apiPage(document) };
    return kept;
  };
  app.get("/openapi.json", async (_request, reply) =>
    reply.header("Content-Type", "application/json; charset=utf-8").send(made().json),
  );
  app.get("/", async (_request, reply) =>
    reply
      .headers({ "Content-Type": "text/html; charset=utf-8", "Content-Security-Policy": pagePolicy })
      .send(made().page),
  );
}
