/** Schemas of bodies and parameters as JSON Schema, for people and for generators of clients. */
import { z } from "zod";

export type JsonSchema = Readonly<Record<string, unknown>>;

/** `input` is what may be sent (defaults may be missing), `output` what comes. Rules that are code alone are left out. */
export function jsonSchemaOf(schema: z.ZodType, io: "input" | "output"): JsonSchema {
  const { $schema: _dialect, ...rest } = z.toJSONSchema(schema, {
    target: "draft-2020-12",
    io,
    unrepresentable: "any",
    override: readable,
  });
  return rest;
}

/** The format says it; zod's pattern of the same is four lines that nobody can read. */
function readable({ jsonSchema }: { readonly jsonSchema: { format?: string; pattern?: string } }): void {
  if (jsonSchema.format === "date-time") delete jsonSchema.pattern;
}
