/** What the OpenAPI document says of downloads, which have rules of their own (RFC 9110 sections 13 and 14). */
import { routes } from "../../api/routes.ts";
import type { OpenApiDocument, OpenApiOperation, OpenApiParameter } from "./types.ts";

const text = { type: "string" } as const;

const parameter = (name: string, description?: string): OpenApiParameter => ({
  name,
  in: "path",
  required: true,
  schema: text,
  ...(description === undefined ? {} : { description }),
});

const conditions: readonly OpenApiParameter[] = ["Range", "If-Range", "If-None-Match"].map((name) => ({
  name,
  in: "header",
  required: false,
  schema: text,
}));

function download(operationId: string, summary: string, own: OpenApiParameter): OpenApiOperation {
  const bytes = { "application/octet-stream": { schema: {} } };
  const problem = { "application/problem+json": { schema: { $ref: "#/components/schemas/Problem" } } };
  return {
    operationId,
    summary,
    description:
      "Authorised by a grant (`?grant=`, or as Bearer) or by an API token whose role may download. " +
      "HEAD answers as GET, without the bytes.",
    tags: ["Downloads"],
    parameters: [parameter("namespace"), parameter("name", "Of the export."), own, ...conditions],
    responses: {
      "200": { description: "All bytes, with a strong ETag.", content: bytes },
      "206": { description: "The ranges that were asked for.", content: bytes },
      "304": { description: "The caller has it." },
      "307": {
        description:
          "The store gives these bytes by itself, by a URL that holds a few minutes. Ask here again for more of them.",
      },
      "401": { description: "GrantExpired, GrantInvalid, GrantRevoked, Unauthenticated", content: problem },
      "403": { description: "Forbidden, GrantExhausted", content: problem },
      "404": { description: "ResourceNotFound", content: problem },
      "409": { description: "ExportNotReady; try again after Retry-After.", content: problem },
      "416": { description: "None of the ranges is there; Content-Range has the length.", content: problem },
      "429": { description: "TooManyRequests", content: problem },
    },
  };
}

const operations = {
  [routes.download]: download(
    "download",
    "Download an export, or a record of it",
    parameter("file", "`{name}.{extension}` for the archive, `metalink`, `manifest.json`, `SHA256SUMS`."),
  ),
  [routes.downloadPart]: download("downloadPart", "Download one part of the archive", parameter("number")),
  [routes.downloadEntry]: download(
    "downloadEntry",
    "Download one file out of an export",
    parameter("path", "Percent-encoded bytes; slashes may stand as they are."),
  ),
};

/** They may have an origin of their own. */
export function downloadPaths(downloadsUrl: string): OpenApiDocument["paths"] {
  const access = { security: [{ grant: [] }, { token: [] }], servers: [{ url: downloadsUrl }] };
  return Object.fromEntries(
    Object.entries(operations).map(([path, get]) => [path, { get: { ...get, ...access } }]),
  );
}
