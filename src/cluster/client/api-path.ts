/** Where objects lie in the API: paths and queries of requests. */
import { LongshoreError } from "../../domain/errors.ts";
import type { KubeKey, KubeResource } from "../kube-api.ts";

export type QueryValues = Readonly<Record<string, string | number | boolean | undefined>>;

/** All objects of the kind, or those of one namespace. */
export function collectionPath(resource: KubeResource, namespace: string | undefined): string {
  const { group, version, plural } = resource;
  const root = group === "" ? `/api/${version}` : `/apis/${group}/${version}`;
  const within = namespace === undefined ? "" : `/namespaces/${segment(namespace)}`;
  return `${root}${within}/${plural}`;
}

/** One object, or a subresource of it. */
export function objectPath(resource: KubeResource, key: KubeKey, subresource?: string): string {
  const { namespaced, kind } = resource;
  if (namespaced && key.namespace === undefined)
    throw new LongshoreError("InvalidArgument", `the ${kind} ${key.name} is in no namespace`, {
      hint: "name its namespace",
    });
  const collection = collectionPath(resource, namespaced ? key.namespace : undefined);
  const path = `${collection}/${segment(key.name)}`;
  return subresource === undefined ? path : `${path}/${subresource}`;
}

/** Undefined values are left out. */
export function withQuery(path: string, values: QueryValues): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(values)) if (value !== undefined) query.set(name, `${value}`);
  return query.size === 0 ? path : `${path}?${query.toString()}`;
}

/** What may stand between slashes (apimachinery, IsValidPathSegmentName); anything else would name something else. */
function segment(name: string): string {
  if (name === "" || name === "." || name === ".." || /[/%]/.test(name))
    throw new LongshoreError("InvalidArgument", `${JSON.stringify(name)} is no name of an object`, {
      hint: "names are lower-case letters, digits, '-' and '.'",
    });
  return encodeURIComponent(name);
}
