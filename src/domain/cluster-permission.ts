/**
 * What somebody must be allowed in a cluster who makes or changes one of our documents, beside that document itself: nobody gets
 * through us what they could not get themselves. This one list makes the admission policy and the gateway's own checks.
 */
import { apiGroup, type Kind } from "./resources/resource.ts";

/** An object of the same namespace that a document names, and the right that naming it takes. */
export interface NamedObject {
  /** Where in the document the name stands; "[]" after a member stands for each of its list. */
  readonly field: string;
  /** What a person calls such an object. */
  readonly noun: string;
  readonly group: string;
  readonly resource: string;
  readonly subresource?: string;
  readonly verb: string;
}

const claim = (field: string): NamedObject => ({
  field,
  noun: "PersistentVolumeClaim",
  group: "",
  resource: "persistentvolumeclaims",
  // None of Kubernetes' own: somebody may be let export a claim, and still neither mount nor delete it.
  verb: "export",
});
const secret = (field: string): NamedObject => ({
  field,
  noun: "Secret",
  group: "",
  resource: "secrets",
  verb: "get",
});
const download = (field: string): NamedObject => ({
  field,
  noun: "Export",
  group: apiGroup,
  resource: "exports",
  subresource: "download",
  verb: "get",
});

/** An ExportDestination that is named needs nothing more: who made it has opened it to its namespace. */
export const namedObjects: Readonly<Record<Kind, readonly NamedObject[]>> = {
  Export: [
    claim("spec.source.volume.claimName"),
    secret("spec.source.bucket.credentialsSecretRef.name"),
    claim("spec.destination.volume.claimName"),
    secret("spec.destination.bucket.credentialsSecretRef.name"),
    // Its parts become part of this export.
    download("spec.previous.name"),
    secret("spec.workers.imagePullSecrets[].name"),
  ],
  ExportDestination: [claim("spec.volume.claimName"), secret("spec.bucket.credentialsSecretRef.name")],
  DownloadGrant: [download("spec.exportRef.name")],
};

/** Who may do this in a namespace reaches everything in it anyway, and needs none of the others. */
export const sufficientRight = { group: "", resource: "pods", verb: "create" } as const;

/** The `resourceAttributes` of a SubjectAccessReview (authorization.k8s.io/v1). */
export interface AccessReview {
  readonly group: string;
  readonly resource: string;
  readonly subresource?: string;
  readonly verb: string;
  readonly namespace: string;
  readonly name?: string;
}

export interface NeededRight {
  readonly field: string;
  readonly noun: string;
  readonly name: string;
  readonly review: AccessReview;
}

/** The right that makes `neededRights` superfluous. */
export const sufficientReview = (namespace: string): AccessReview => ({ ...sufficientRight, namespace });

/** One for each object that the document names. */
export function neededRights(
  kind: Kind,
  namespace: string,
  document: { readonly spec: unknown },
): readonly NeededRight[] {
  return namedObjects[kind].flatMap(({ field, noun, ...right }) =>
    textsAt(document, field.split(".")).map((name) => ({
      field,
      noun,
      name,
      review: { ...right, namespace, name },
    })),
  );
}

function textsAt(value: unknown, [member, ...rest]: readonly string[]): readonly string[] {
  if (member === undefined) return typeof value === "string" ? [value] : [];
  if (typeof value !== "object" || value === null) return [];
  const inner = (value as Readonly<Record<string, unknown>>)[member.replace("[]", "")];
  if (!member.endsWith("[]")) return textsAt(inner, rest);
  return Array.isArray(inner) ? inner.flatMap((each) => textsAt(each, rest)) : [];
}
