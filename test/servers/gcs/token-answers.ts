/** What Google's token service and the metadata server of a virtual machine answer, and no more of them. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { apiError } from "./api-error.ts";
import type { Tokens } from "./tokens.ts";

/** False where the request is for neither. */
export async function answerToken(
  { tokens, asked }: { readonly tokens: Tokens; readonly asked: Map<string, number> },
  { pathname }: URL,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<boolean> {
  if (pathname === "/token" && request.method === "POST") {
    asked.set("token", (asked.get("token") ?? 0) + 1);
    const form = Buffer.concat(await Array.fromAsync(request as AsyncIterable<Buffer>)).toString();
    const token = tokens.exchange(new URLSearchParams(form));
    // RFC 6749 section 5.2.
    const refusal = { error: "invalid_grant", error_description: "The given credential is rejected." };
    sendJson(response, token ?? refusal, token === undefined ? 400 : 200);
    return true;
  }
  if (!pathname.startsWith("/computeMetadata/v1")) return false;
  if (request.headers["metadata-flavor"] !== "Google") throw apiError(403, "forbidden", "Forbidden");
  response.setHeader("metadata-flavor", "Google");
  if (pathname.endsWith("/token"))
    sendJson(response, { access_token: tokens.issue(), expires_in: 3600, token_type: "Bearer" });
  else if (pathname.endsWith("/universe/universe-domain")) response.end("googleapis.com");
  else response.end("{}");
  return true;
}

const sendJson = (response: ServerResponse, document: object, status = 200): void =>
  void response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(document));
