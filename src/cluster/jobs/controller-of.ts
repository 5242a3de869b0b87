/** What controls an object, as the object says: with a uid, which nobody can give to another. */
import { apiGroup } from "../../domain/resources/resource.ts";
import type { KubeObject, OwnerReference } from "../kube-api.ts";

const groups = { Job: "batch", Export: apiGroup } as const;

/** Undefined where nothing of that kind controls it. */
export function controllerOf(
  { metadata }: KubeObject,
  kind: keyof typeof groups,
): OwnerReference | undefined {
  const owner = metadata.ownerReferences?.find(({ controller }) => controller === true);
  return owner?.kind === kind && owner.apiVersion.startsWith(`${groups[kind]}/`) ? owner : undefined;
}
