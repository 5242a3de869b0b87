/**
 * A rule that a schema's shape can't say, such as "exactly one of". Kept beside the schema in both languages: what the
 * REST API checks, and the CEL expression by which a Kubernetes API server checks the same (`x-kubernetes-validations`).
 */
import type { z } from "zod";

export interface ValidationRule<T> {
  /** CEL, with `self` and, for what may not change, `oldSelf`. */
  readonly rule: string;
  /** One sentence for whoever wrote the document. */
  readonly message: string;
  /** The same in TypeScript; absent where only an update can break it. */
  readonly holds?: (value: T) => boolean;
  /** The same for an update; absent where `holds` says all. */
  readonly mayBecome?: (before: T, after: T) => boolean;
}

const rulesBySchema = new WeakMap<z.ZodType, readonly ValidationRule<unknown>[]>();

/** The rules that the schema was given by `withRules`. */
export const rulesOf = (schema: z.ZodType): readonly ValidationRule<unknown>[] =>
  rulesBySchema.get(schema) ?? [];

/** The schema with its rules: parsing checks `holds`, and `rulesOf` gives them to whoever generates a schema or compares an update. */
export function withRules<S extends z.ZodType>(schema: S, rules: readonly ValidationRule<z.infer<S>>[]): S {
  let checked: z.ZodType = schema;
  for (const { holds, message } of rules)
    if (holds !== undefined)
      checked = checked.refine((value) => holds(value as z.infer<S>), { error: message });
  const validations = rules.map(({ rule, message }) => ({ rule, message }));
  const schemaWithRules = checked.meta({ "x-kubernetes-validations": validations });
  rulesBySchema.set(schemaWithRules, rules as readonly ValidationRule<unknown>[]);
  return schemaWithRules as S;
}

/** Exactly one of these members is there. */
export function exactlyOneOf<T extends object>(
  subject: string,
  members: readonly (keyof T & string)[],
): ValidationRule<T> {
  const present = members.map((member) => `has(self.${member})`).join(", ");
  return {
    rule: `[${present}].filter(x, x).size() == 1`,
    message: `${subject} must have exactly one of ${members.join(", ")}`,
    holds: (value) => members.filter((member) => value[member] !== undefined).length === 1,
  };
}
