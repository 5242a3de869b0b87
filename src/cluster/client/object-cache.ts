/** The objects of a kind as far as they are known, and what each news of them changes. */
import type { KubeEvent, KubeKey, KubeObject } from "../kube-api.ts";
import { isAtLeast } from "./resource-version.ts";

export interface ObjectChange<T> {
  readonly type: "ADDED" | "MODIFIED" | "DELETED";
  /** As it was after the change; of DELETED as it last was, or as it was last seen where nobody saw it go. */
  readonly object: T;
}

export interface ObjectCache<T extends KubeObject> {
  get(key: KubeKey): T | undefined;
  /** All, or those of one namespace; in no order. */
  list(namespace?: string): readonly T[];
  /** Those of which the index says `value`. */
  indexed(value: string): readonly T[];
  /** Takes what a watch told, and says what that means: nothing, where it was known. */
  take(event: Exclude<KubeEvent<T>, { type: "BOOKMARK" }>): readonly ObjectChange<T>[];
  /** Takes what a list has, which is never older than what is known; after a restore its version may be smaller. */
  takeListed(object: T): readonly ObjectChange<T>[];
  /** The keys of everything that is known. */
  keys(): Iterable<string>;
  /** Drops what is not there any more, though nobody said so. */
  drop(key: string): readonly ObjectChange<T>[];
}

export const keyText = ({ namespace = "", name }: KubeKey): string => `${namespace}/${name}`;

/** `indexBy` gives the value by which `indexed` finds an object, none where it is not to be found so. */
export function createObjectCache<T extends KubeObject>(
  indexBy: (object: T) => string | undefined,
): ObjectCache<T> {
  const objects = new Map<string, T>();
  const index = new Map<string, Map<string, T>>();
  return {
    get: (key) => objects.get(keyText(key)),
    list: (namespace) =>
      [...objects.values()].filter(
        ({ metadata }) => namespace === undefined || metadata.namespace === namespace,
      ),
    indexed: (value) => [...(index.get(value)?.values() ?? [])],
    take: ({ type, object }) => {
      const key = keyText(object.metadata);
      const known = objects.get(key);
      if (type === "DELETED")
        return known !== undefined && !isLater(known, object) ? remove(key, object) : [];
      if (known !== undefined && isAtLeast(versionOf(known), versionOf(object))) return [];
      return become(key, known, object);
    },
    takeListed: (object) => {
      const key = keyText(object.metadata);
      const known = objects.get(key);
      if (known !== undefined && versionOf(known) === versionOf(object)) return [];
      return become(key, known, object);
    },
    keys: () => objects.keys(),
    drop: (key) => {
      const known = objects.get(key);
      return known === undefined ? [] : remove(key, known);
    },
  };

  function become(key: string, known: T | undefined, object: T): readonly ObjectChange<T>[] {
    if (known === undefined) return put(key, "ADDED", object);
    if (known.metadata.uid === object.metadata.uid) return put(key, "MODIFIED", object);
    return [...remove(key, known), ...put(key, "ADDED", object)];
  }

  function put(key: string, type: "ADDED" | "MODIFIED", object: T): readonly ObjectChange<T>[] {
    forget(key);
    objects.set(key, object);
    const value = indexBy(object);
    if (value !== undefined) {
      const found = index.get(value) ?? new Map<string, T>();
      index.set(value, found.set(key, object));
    }
    return [{ type, object }];
  }

  function remove(key: string, object: T): readonly ObjectChange<T>[] {
    forget(key);
    objects.delete(key);
    return [{ type: "DELETED", object }];
  }

  /** In the index, under what it said of the object as it was. */
  function forget(key: string): void {
    const known = objects.get(key);
    const value = known === undefined ? undefined : indexBy(known);
    if (value === undefined) return;
    const found = index.get(value);
    found?.delete(key);
    if (found?.size === 0) index.delete(value);
  }
}

const versionOf = ({ metadata }: KubeObject): string => metadata.resourceVersion ?? "";

const isLater = (known: KubeObject, gone: KubeObject): boolean =>
  versionOf(known) !== versionOf(gone) && isAtLeast(versionOf(known), versionOf(gone));
