/** What is wrong with a spec that was kept: an API server knows fewer rules than we do. */
import { LongshoreError } from "../errors.ts";
import { type Kind, kinds, type Resources } from "./resource.ts";

/** InvalidDocument, naming the field; undefined where nothing is. */
export function specFault<K extends Kind>(
  kind: K,
  { metadata, spec }: Resources[K],
): LongshoreError | undefined {
  const [issue] = kinds[kind].spec.safeParse(spec).error?.issues ?? [];
  if (issue === undefined) return undefined;
  const field = ["spec", ...issue.path].join(".");
  return new LongshoreError("InvalidDocument", `${kind} ${metadata.name}: ${field}: ${issue.message}`, {
    hint: "make it again without that: it can't be changed",
  });
}
