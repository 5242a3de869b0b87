/** The OpenAPI 3.1 document, made from the operations that are really there. */
import type { z } from "zod";
import { Problem, problemMediaType } from "../../api/problem.ts";
import { catalogue, type ErrorCode } from "../../domain/errors.ts";
import type { Operation, RequestHeader } from "../operations/operation.ts";
import { downloadPaths } from "./download-paths.ts";
import { type JsonSchema, jsonSchemaOf } from "./json-schema.ts";
import type { OpenApiDocument, OpenApiOperation, OpenApiParameter, OpenApiResponse } from "./types.ts";

const idempotencyKey: RequestHeader = {
  name: "Idempotency-Key",
  description:
    "1 to 255 printable ASCII characters. The same request with the same key gets the first answer, for 24 hours.",
};

export interface OpenApiRequest {
  readonly operations: readonly Operation[];
  readonly version: string;
  readonly publicUrl: string;
  readonly downloadsUrl: string;
}

export function openApiDocument({
  operations,
  version,
  publicUrl,
  downloadsUrl,
}: OpenApiRequest): OpenApiDocument {
  const schemas = new Map<string, JsonSchema>([["Problem", jsonSchemaOf(Problem, "output")]]);
  const paths: Record<string, Record<string, OpenApiOperation>> = {};
  for (const operation of operations) {
    const path = (paths[operation.path] ??= {});
    path[operation.method.toLowerCase()] = describe(operation, schemas);
  }
  return {
    openapi: "3.1.0",
    info: { title: "Longshore", version, description: about },
    servers: [{ url: publicUrl }],
    security: [{ token: [] }],
    tags: [...new Set([...operations.map(({ tag }) => tag), "Downloads"])].map((name) => ({ name })),
    paths: { ...paths, ...downloadPaths(downloadsUrl) },
    components: {
      schemas: Object.fromEntries([...schemas].toSorted(([a], [b]) => (a < b ? -1 : 1))),
      securitySchemes: {
        token: { type: "http", scheme: "bearer", description: "An API token." },
        grant: { type: "apiKey", in: "query", name: "grant", description: "The token of a grant's URL." },
      },
    },
  };
}

const about =
  "Takes data out and hands it to someone. Errors are problem documents (RFC 9457) whose `code` programs may rely on.";

function describe(operation: Operation, schemas: Map<string, JsonSchema>): OpenApiOperation {
  const { id, summary, description, tag, verb, body } = operation;
  const needs = verb === undefined ? "Any token will do." : `Needs a role that may ${verb}.`;
  return {
    operationId: id,
    summary,
    description: description === undefined ? needs : `${description} ${needs}`,
    tags: [tag],
    parameters: [
      ...parametersOf(operation.params, "path"),
      ...parametersOf(operation.query, "query"),
      ...(operation.idempotent === true ? [header(idempotencyKey)] : []),
      ...(operation.headers ?? []).map(header),
    ],
    ...(body === undefined
      ? {}
      : {
          requestBody: {
            required: body.optional !== true,
            content: Object.fromEntries(
              body.mediaTypes.map((type) => [
                type,
                { schema: named(schemas, body.name, body.schema, "input") },
              ]),
            ),
          },
        }),
    responses: responsesOf(operation, schemas),
  };
}

function parametersOf(schema: z.ZodObject, place: "path" | "query"): OpenApiParameter[] {
  const { properties = {}, required = [] } = jsonSchemaOf(schema, "output") as {
    readonly properties?: Readonly<Record<string, JsonSchema>>;
    readonly required?: readonly string[];
  };
  const needed = new Set(place === "path" ? required : []);
  return Object.entries(properties).map(([name, { description, ...rest }]) => ({
    name,
    in: place,
    required: needed.has(name),
    ...(typeof description === "string" ? { description } : {}),
    schema: rest,
  }));
}

const header = ({ name, description }: RequestHeader): OpenApiParameter => ({
  name,
  in: "header",
  required: false,
  description,
  schema: { type: "string", maxLength: 255 },
});

/** Codes that any operation may answer with. */
const everywhere: readonly ErrorCode[] = [
  "InvalidRequest",
  "InvalidDocument",
  "Unauthenticated",
  "Forbidden",
  "TooManyRequests",
  "InternalError",
  "ServerStopping",
];
const withBody: readonly ErrorCode[] = ["TooLarge", "UnsupportedMediaType"];
const withKey: readonly ErrorCode[] = ["IdempotencyMismatch", "Conflict"];

function responsesOf(
  operation: Operation,
  schemas: Map<string, JsonSchema>,
): Record<string, OpenApiResponse> {
  const codes = new Set<ErrorCode>([
    ...everywhere,
    ...(operation.errors ?? []),
    ...(Object.hasOwn(operation.params.shape, "name") || operation.path.includes("{grant}")
      ? ["ResourceNotFound" as const]
      : []),
    ...(operation.body === undefined ? [] : withBody),
    ...(operation.idempotent === true ? withKey : []),
  ]);
  const byStatus = Map.groupBy(codes, (code) => catalogue[code].status);
  const errors = [...byStatus].map(([status, of]): [string, OpenApiResponse] => [
    `${status}`,
    {
      description: [...of].toSorted().join(", "),
      content: { [problemMediaType]: { schema: { $ref: "#/components/schemas/Problem" } } },
    },
  ]);
  const notModified: [string, OpenApiResponse][] = (operation.headers ?? []).some(
    ({ name }) => name === "If-None-Match",
  )
    ? [["304", { description: "The caller has it." }]]
    : [];
  return Object.fromEntries([
    [`${operation.answer.status}`, success(operation, schemas)],
    ...notModified,
    ...errors,
  ]);
}

function success({ answer }: Operation, schemas: Map<string, JsonSchema>): OpenApiResponse {
  const { description, schema, name, mediaType = "application/json", headers = [] } = answer;
  return {
    description,
    ...(headers.length === 0
      ? {}
      : { headers: Object.fromEntries(headers.map((header) => [header, { schema: { type: "string" } }])) }),
    ...(schema === undefined
      ? {}
      : {
          content: {
            [mediaType]: {
              schema:
                name === undefined ? jsonSchemaOf(schema, "output") : named(schemas, name, schema, "output"),
            },
          },
        }),
  };
}

function named(
  schemas: Map<string, JsonSchema>,
  name: string,
  schema: z.ZodType,
  io: "input" | "output",
): JsonSchema {
  if (!schemas.has(name)) schemas.set(name, jsonSchemaOf(schema, io));
  return { $ref: `#/components/schemas/${name}` };
}
