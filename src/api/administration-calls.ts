/** The client's methods for whoever runs the server: tokens, the audit, the key of grants, and who one is. */
import { z } from "zod";
import { type ApiCalls, withQuery } from "./calls.ts";
import { AuditList, CreatedToken, RotatedKey, TokenList, Whoami } from "./documents.ts";
import type { LongshoreClient } from "./longshore-client.ts";
import { routePath } from "./routes.ts";

export function administrationCalls(
  calls: ApiCalls,
): Pick<LongshoreClient, "tokens" | "audit" | "rotateKey" | "whoami"> {
  const { call } = calls;
  return {
    tokens: tokenCalls(calls),
    audit: (query, signal) =>
      call({ method: "GET", path: withQuery(routePath("audit", {}), { ...query }) }, AuditList, signal),
    rotateKey: (signal) => call({ method: "POST", path: routePath("rotateKey", {}) }, RotatedKey, signal),
    whoami: (signal) => call({ method: "GET", path: routePath("whoami", {}) }, Whoami, signal),
  };
}

function tokenCalls({ call, deleting }: ApiCalls): LongshoreClient["tokens"] {
  return {
    list: (signal) => call({ method: "GET", path: routePath("tokens", {}) }, TokenList, signal),
    create: (body, signal) =>
      call({ method: "POST", path: routePath("tokens", {}), body }, CreatedToken, signal),
    delete: async (name, signal) => {
      await deleting(routePath("token", { name }), z.unknown(), signal);
    },
  };
}
