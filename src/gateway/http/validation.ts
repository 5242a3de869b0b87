/** Holds what came in to its schema, and says of everything that does not fit where it stands. */
import { z } from "zod";
import { pointerOf } from "../../api/problem.ts";
import { LongshoreError } from "../../domain/errors.ts";

/** More would only repeat what is wrong. */
const mostIssues = 20;

/** The value as the schema gives it. Throws InvalidDocument whose cause is a ZodError; `subject` is "the query", say. */
export function validated<S extends z.ZodType>(schema: S, value: unknown, subject: string): z.infer<S> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw invalid(subject, parsed.error.issues);
}

/** As if a schema had refused this member. */
export function invalidMember(subject: string, path: PropertyKey[], message: string): LongshoreError {
  return invalid(subject, [{ code: "custom", path, message, input: undefined }]);
}

function invalid(subject: string, found: readonly z.core.$ZodIssue[]): LongshoreError {
  const issues = found.slice(0, mostIssues).flatMap(eachKey).slice(0, mostIssues);
  const [first] = issues;
  const where = first === undefined ? "" : pointerOf(first.path);
  const more = issues.length > 1 ? ` (and ${issues.length - 1} more)` : "";
  const what = `${where === "" ? "" : `${where}: `}${first?.message ?? "it does not fit"}`;
  return new LongshoreError("InvalidDocument", `${subject} is not valid: ${what}${more}`, {
    cause: new z.ZodError(issues),
  });
}

/** A key that is not known is wrong itself, not the object that has it. */
function eachKey(issue: z.core.$ZodIssue): z.core.$ZodIssue[] {
  if (issue.code !== "unrecognized_keys") return [issue];
  return issue.keys.slice(0, mostIssues).map((key) => ({
    ...issue,
    keys: [key],
    path: [...issue.path, key],
    message: "is not known here",
  }));
}
