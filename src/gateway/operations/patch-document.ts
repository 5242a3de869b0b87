/** Applies a merge patch to a resource and holds what comes out to the kind's own rules. */
import { z } from "zod";
import { requestAnnotation } from "../../domain/ports/idempotency.ts";
import { kinds, type Kind, type Resources } from "../../domain/resources/resource.ts";
import { rulesOf } from "../../domain/resources/validation-rule.ts";
import { invalidMember, validated } from "../http/validation.ts";
import { mergePatched } from "./merge-patch.ts";

export interface DocumentPatch {
  readonly metadata?: { readonly labels?: unknown; readonly annotations?: unknown } | undefined;
  readonly spec?: unknown;
}

/** The patched resource; throws InvalidDocument. The schema of the patch has seen to it that only what may change does. */
export function patched<K extends Kind>(kind: K, before: Resources[K], patch: DocumentPatch): Resources[K] {
  const { labels, annotations } = before.metadata;
  const chosen = validated(
    Chosen,
    mergePatched({ labels, annotations: { ...annotations } }, patch.metadata ?? {}),
    "the document",
  );
  const spec = validated(kinds[kind].spec, mergePatched(before.spec, patch.spec ?? {}), "the document");
  const own = annotations?.[requestAnnotation];
  const { [requestAnnotation]: _reserved, ...others } = chosen.annotations ?? {};
  const metadata = {
    ...before.metadata,
    labels: chosen.labels,
    annotations: own === undefined ? others : { ...others, [requestAnnotation]: own },
  };
  checkChange(kind, before.spec, spec);
  return { ...before, metadata, spec } as Resources[K];
}

const Chosen = z.object({
  labels: z.record(z.string(), z.string()).optional(),
  annotations: z.record(z.string(), z.string()).optional(),
});

/** Rules that only a change can break, such as "can't be undone". */
function checkChange(kind: Kind, before: unknown, after: unknown): void {
  for (const { mayBecome, message } of rulesOf(kinds[kind].spec))
    if (mayBecome?.(before, after) === false) throw invalidMember("the document", ["spec"], message);
}
