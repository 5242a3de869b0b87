/** Our resources as the API server keeps them, and back. */
import { LongshoreError } from "../../domain/errors.ts";
import type { NewResource } from "../../domain/ports/export-store.ts";
import type { ObjectMeta } from "../../domain/resources/object-meta.ts";
import { parseShape } from "../../domain/resources/parse-shape.ts";
import { apiGroup, apiVersion, type Kind, kinds, type Resources } from "../../domain/resources/resource.ts";
import type { KubeObject, KubeObjectMeta, KubeResource } from "../kube-api.ts";

export interface KubeDocument extends KubeObject {
  readonly spec?: unknown;
  readonly status?: unknown;
}

export const resourceOf = (kind: Kind): KubeResource => ({
  group: apiGroup,
  version: apiVersion.slice(apiGroup.length + 1),
  plural: kinds[kind].plural,
  kind,
  namespaced: true,
});

/**
 * What the API server gave, as a new object. It has checked the document's shape, so this only fails where the kind's definition
 * is of another version than this program. Members that are not known here are left out then, as all programs of Kubernetes
 * do; for anything else it throws Damaged. Values may be against a rule that the API server does not know (`specFault`).
 */
export function readDocument<K extends Kind>(kind: K, document: KubeDocument): Resources[K] {
  const { metadata, spec, status } = document;
  const given = { ...checked, kind, spec: spec ?? {}, ...(status === undefined ? {} : { status }) };
  const read = parseShape(kinds[kind].schema, given);
  if ("data" in read) return { ...(read.data as Resources[K]), metadata: readMetadata(metadata) };
  const { path, message } = read.issue;
  throw new LongshoreError(
    "Damaged",
    `the ${nameOf(kind, metadata)} can't be read: ${path.join(".")}: ${message}`,
    { hint: "apply the CustomResourceDefinitions of this version of longshore" },
  );
}

/** What the API server takes of a new resource; it decides the rest, and a status is not among it. */
export function newDocument<K extends Kind>(kind: K, { metadata, spec }: NewResource<K>): KubeDocument {
  const { name, namespace } = metadata;
  return { apiVersion, kind, metadata: { name, namespace, ...chosenOf(metadata) }, spec };
}

/** What a person may change of metadata. */
export function chosenOf(
  metadata: Partial<ObjectMeta>,
): Pick<KubeObjectMeta, "labels" | "annotations" | "finalizers"> {
  const { labels, annotations, finalizers } = metadata;
  return {
    ...(labels === undefined ? {} : { labels: { ...labels } }),
    ...(annotations === undefined ? {} : { annotations: { ...annotations } }),
    ...(finalizers === undefined ? {} : { finalizers: [...finalizers] }),
  };
}

export const nameOf = (
  kind: Kind,
  { namespace = "", name }: { readonly namespace?: string | undefined; readonly name: string },
): string => `${kind} ${namespace}/${name}`;

/** The API server has its own rules for metadata, which are wider than ours: what it has accepted is taken as it is. */
const checked = {
  apiVersion,
  metadata: {
    name: "x",
    namespace: "x",
    uid: "",
    resourceVersion: "",
    generation: 0,
    creationTimestamp: "2000-01-01T00:00:00Z",
  },
};

function readMetadata(metadata: KubeObjectMeta): ObjectMeta {
  const { name, namespace = "", uid = "", resourceVersion = "", generation = 0 } = metadata;
  const { creationTimestamp = "", deletionTimestamp } = metadata;
  const { labels, annotations, finalizers } = chosenOf(metadata as Partial<ObjectMeta>);
  return {
    name,
    namespace,
    uid,
    resourceVersion,
    generation,
    creationTimestamp,
    ...(deletionTimestamp === undefined ? {} : { deletionTimestamp }),
    ...(labels === undefined ? {} : { labels }),
    ...(annotations === undefined ? {} : { annotations }),
    ...(finalizers === undefined ? {} : { finalizers: [...finalizers] }),
  };
}
