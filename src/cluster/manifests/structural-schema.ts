/**
 * Turns a zod schema into the structural OpenAPI v3 schema of a CustomResourceDefinition. What an API server would refuse, or
 * what would let the cost of its rules grow without bound, is refused here.
 */
import { z } from "zod";

export interface StructuralSchema {
  readonly type?: string;
  readonly description?: string;
  readonly format?: string;
  readonly enum?: readonly unknown[];
  readonly default?: unknown;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly pattern?: string;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly maxProperties?: number;
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, StructuralSchema>>;
  readonly additionalProperties?: StructuralSchema;
  readonly items?: StructuralSchema;
  readonly "x-kubernetes-int-or-string"?: boolean;
  readonly "x-kubernetes-list-type"?: string;
  readonly "x-kubernetes-list-map-keys"?: readonly string[];
  readonly "x-kubernetes-validations"?: readonly CelRule[];
}

export interface CelRule {
  readonly rule: string;
  readonly message: string;
}

/** Throws an Error that names the place of what can't be said in such a schema. */
export function structuralSchema(schema: z.ZodType): StructuralSchema {
  return structural(z.toJSONSchema(schema, { target: "openapi-3.0", io: "input" }), "");
}

type Json = Readonly<Record<string, unknown>>;

const kept: readonly string[] = [
  "description",
  "enum",
  "default",
  "minimum",
  "maximum",
  "minLength",
  "maxLength",
  "pattern",
  "format",
  "minItems",
  "maxItems",
  "maxProperties",
  "required",
  "x-kubernetes-int-or-string",
  "x-kubernetes-list-type",
  "x-kubernetes-list-map-keys",
  "x-kubernetes-validations",
];
/** Known, and said in another way or by an API server itself. */
const dropped = ["$schema", "type", "properties", "additionalProperties", "items", "anyOf", "propertyNames"];

function structural(json: Json, path: string): StructuralSchema {
  for (const keyword of Object.keys(json))
    if (!kept.includes(keyword) && !dropped.includes(keyword)) throw unfit(path, `has ${keyword}`);
  const common = Object.fromEntries(kept.filter((keyword) => keyword in json).map((k) => [k, json[k]]));
  if (json["x-kubernetes-int-or-string"] === true) return common;
  if (json["anyOf"] !== undefined) throw unfit(path, "is a union: use optional members and a rule");
  switch (json["type"]) {
    case "object":
      return { type: "object", ...common, ...membersOf(json, path) };
    case "array":
      return { type: "array", "x-kubernetes-list-type": "atomic", ...common, ...itemsOf(json, path) };
    case "string":
      return stringSchema(common, path);
    case "integer":
      return integerSchema(common);
    case "boolean":
      return { type: "boolean", ...common };
    default:
      throw unfit(path, `has the type ${JSON.stringify(json["type"])}`);
  }
}

function membersOf(json: Json, path: string): StructuralSchema {
  const { properties, additionalProperties } = json as {
    readonly properties?: Readonly<Record<string, Json>>;
    readonly additionalProperties?: Json | boolean;
  };
  if (properties === undefined) {
    if (typeof additionalProperties !== "object") throw unfit(path, "has no members");
    if (json["maxProperties"] === undefined) throw unfit(path, "is a map without maxProperties");
    return { additionalProperties: structural(additionalProperties, `${path}.*`) };
  }
  // Unknown members are refused or pruned by the server; saying so beside `properties` is no structural schema.
  if (typeof additionalProperties === "object") throw unfit(path, "has members of two kinds");
  return {
    properties: Object.fromEntries(
      Object.entries(properties).map(([name, member]) => [name, structural(member, `${path}.${name}`)]),
    ),
  };
}

function itemsOf(json: Json, path: string): StructuralSchema {
  if (json["maxItems"] === undefined) throw unfit(path, "is a list without maxItems");
  return { items: structural(json["items"] as Json, `${path}[]`) };
}

function stringSchema(common: StructuralSchema, path: string): StructuralSchema {
  const { pattern: _pattern, ...rest } = common;
  // The format says it; zod's pattern of the same would have its cost counted.
  if (rest.format === "date-time") return { type: "string", ...rest };
  if (rest.enum === undefined && rest.maxLength === undefined)
    throw unfit(path, "is a text without maxLength");
  return { type: "string", ...common };
}

/** Kubernetes has integers of two sizes; the largest exact one of JavaScript is no limit of ours. */
function integerSchema({ maximum, minimum, ...rest }: StructuralSchema): StructuralSchema {
  const isBounded = (bound: number | undefined): bound is number =>
    bound !== undefined && Math.abs(bound) < Number.MAX_SAFE_INTEGER;
  return {
    type: "integer",
    format: isBounded(maximum) && maximum < 2 ** 31 ? "int32" : "int64",
    ...(isBounded(minimum) ? { minimum } : {}),
    ...(isBounded(maximum) ? { maximum } : {}),
    ...rest,
  };
}

const unfit = (path: string, what: string): Error =>
  new Error(`${path === "" ? "the document" : path.slice(1)} ${what}`);
