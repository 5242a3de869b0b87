/** Who waits for what: which keys are to be looked at again when a resource changes. Kept in memory, for it follows from the resources. */
import type { ResourceKey } from "../domain/ports/export-store.ts";
import type { Kind } from "../domain/resources/resource.ts";

export interface ResourceName extends ResourceKey {
  readonly kind: Kind;
}

export interface Dependents {
  /** From now on `key` depends on these and nothing else. Said before they are read, so that no change is missed. */
  set(key: string, on: readonly ResourceName[]): void;
  /** The keys that depend on the resource. */
  of(resource: ResourceName): readonly string[];
}

export function createDependents(): Dependents {
  const dependencies = new Map<string, readonly ResourceName[]>();
  const dependents = new Map<string, Set<string>>();
  return {
    set: (key, on) => {
      for (const resource of dependencies.get(key) ?? []) forget(idOf(resource), key);
      if (on.length === 0) dependencies.delete(key);
      else dependencies.set(key, on);
      for (const resource of on) {
        const id = idOf(resource);
        const keys = dependents.get(id) ?? new Set();
        dependents.set(id, keys.add(key));
      }
    },
    of: (resource) => [...(dependents.get(idOf(resource)) ?? [])],
  };

  function forget(id: string, key: string): void {
    const keys = dependents.get(id);
    keys?.delete(key);
    if (keys?.size === 0) dependents.delete(id);
  }
}

const idOf = ({ kind, namespace, name }: ResourceName): string => `${kind}/${namespace}/${name}`;
