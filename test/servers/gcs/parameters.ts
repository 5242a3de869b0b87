/** The parameters of each method that this server knows, from the API's reference; any other is refused. */
import { apiError } from "./api-error.ts";

/** https://cloud.google.com/storage/docs/json_api/v1/parameters */
const ofEvery = ["alt", "fields", "prettyPrint", "userProject"];

const known = {
  "objects.list": ["prefix", "startOffset", "endOffset", "maxResults", "pageToken", "projection"],
  "objects.get": ["generation", "ifGenerationMatch", "ifGenerationNotMatch", "projection"],
  "objects.insert": ["uploadType", "name", "ifGenerationMatch", "ifGenerationNotMatch", "kmsKeyName"],
  "objects.delete": ["generation", "ifGenerationMatch", "ifGenerationNotMatch"],
  "objects.compose": ["ifGenerationMatch", "kmsKeyName"],
  "objects.rewrite": [
    "rewriteToken",
    "sourceGeneration",
    "ifGenerationMatch",
    "ifSourceGenerationMatch",
    "destinationKmsKeyName",
    "maxBytesRewrittenPerCall",
  ],
} as const;

export type Operation = keyof typeof known;
export type Parameters = ReadonlyMap<string, string>;

export function parametersOf(operation: Operation, query: URLSearchParams): Parameters {
  const allowed: readonly string[] = [...ofEvery, ...known[operation]];
  const parameters = new Map<string, string>();
  for (const [name, value] of query) {
    if (!allowed.includes(name) || parameters.has(name))
      throw apiError(400, "invalidParameter", `This server knows no parameter ${name} of ${operation}`);
    parameters.set(name, value);
  }
  return parameters;
}

/** Refuses members of a body that this server does not understand. */
export function checkMembers(value: object, members: readonly string[], what: string): void {
  for (const name of Object.keys(value))
    if (!members.includes(name))
      throw apiError(400, "invalid", `This server knows no member ${name} of ${what}`);
}
