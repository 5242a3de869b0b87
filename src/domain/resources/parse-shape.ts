/** Reads what has the shape of a schema, whatever its values are: what an API server has taken must not be lost over a rule. */
import { z } from "zod";

export type Shaped<T> = { readonly data: T } | { readonly issue: z.core.$ZodIssue };

/**
 * With defaults, and without members that are not known. Values that are against a rule stay as they are: `specFault` tells
 * of them. Otherwise what is wrong with the shape first.
 */
export function parseShape<S extends z.ZodType>(schema: S, given: unknown): Shaped<z.infer<S>> {
  const parsed = schema._zod.run({ value: given, issues: [] }, { async: false });
  if (parsed instanceof Promise) throw new Error("a schema of a resource waits for something");
  const { value, issues } = parsed;
  // What may be gone on from is a rule about a value that has its type.
  const raw = issues.find(({ code, continue: goesOn }) => goesOn !== true && code !== "unrecognized_keys");
  if (raw === undefined) return { data: value as z.infer<S> };
  return { issue: z.core.util.finalizeIssue(raw, undefined, z.core.config()) };
}
