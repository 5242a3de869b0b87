/**
 * Tells when what keeps a pod out may have changed, so that nobody has to ask again and again. It is watched as long as
 * somebody waits for it, in that namespace alone. Admission policies and webhooks can't be watched so.
 */
import { createReflector, type ReflectorOptions } from "../client/reflector.ts";
import type { KubeObject, KubeQuery, KubeResource } from "../kube-api.ts";
import { claims, limitRanges, namespaces, pods, quotas, type Pod } from "./objects.ts";
import { hasEnded } from "./pod-facts.ts";

/** The namespace's quotas, limits and labels; its pods, which use a claim; or its claims, of which one is missing. */
export type Barrier = "rules" | "pods" | "claims";

export interface Openings {
  /** Calls `wake` when that is known, and at each change afterwards, until what it returns is called. */
  follow(namespace: string, barrier: Barrier, wake: () => void): () => void;
}

export type OpeningsOptions = Pick<ReflectorOptions<KubeObject>, "api" | "clock" | "random" | "onError">;

interface Followed {
  readonly wakes: Set<() => void>;
  readonly over: AbortController;
}

/** `signal` ends all of it. */
export function createOpenings(options: OpeningsOptions, signal: AbortSignal): Openings {
  const followed = new Map<string, Followed>();
  return {
    follow: (namespace, barrier, wake) => {
      const id = `${barrier}/${namespace}`;
      const one = followed.get(id) ?? begin(namespace, barrier);
      followed.set(id, one);
      // Each who waits has a wish of his own, though two may give the same function.
      const own = (): void => wake();
      one.wakes.add(own);
      return () => {
        one.wakes.delete(own);
        if (one.wakes.size > 0) return;
        one.over.abort(new Error("nobody waits for it any more"));
        if (followed.get(id) === one) followed.delete(id);
      };
    },
  };

  function begin(namespace: string, barrier: Barrier): Followed {
    const one: Followed = { wakes: new Set(), over: new AbortController() };
    const until = AbortSignal.any([signal, one.over.signal]);
    for (const { resource, query } of watchedFor(namespace, barrier)) watch(resource, query, one, until);
    return one;
  }

  function watch(resource: KubeResource, query: KubeQuery, one: Followed, until: AbortSignal): void {
    const reflector = createReflector<KubeObject>({ ...options, resource, query, keep: withoutContent });
    let isKnown = false;
    const wakeAll = (): void => {
      for (const wake of one.wakes) wake();
    };
    const known = async (): Promise<void> => {
      await reflector.ready(until);
      isKnown = true;
      // What changed between a refusal and the list was told to nobody.
      wakeAll();
    };
    const changed = ({ type, object }: { type: string; object: KubeObject }): void => {
      if (isKnown && (resource !== pods || type === "DELETED" || hasEnded(object as Pod))) wakeAll();
    };
    known().catch(() => undefined);
    reflector
      .run(changed, until)
      .catch((error: unknown) => options.onError(error, `the watch of ${resource.plural}`));
  }
}

function watchedFor(
  namespace: string,
  barrier: Barrier,
): readonly { readonly resource: KubeResource; readonly query: KubeQuery }[] {
  if (barrier === "pods") return [{ resource: pods, query: { namespace } }];
  if (barrier === "claims") return [{ resource: claims, query: { namespace } }];
  return [
    { resource: quotas, query: { namespace } },
    { resource: limitRanges, query: { namespace } },
    { resource: namespaces, query: { fieldSelector: `metadata.name=${namespace}` } },
  ];
}

/** That it changed is all that counts, and of a pod whether it has ended. */
function withoutContent({ apiVersion, kind, metadata, ...content }: KubeObject): KubeObject {
  const { name, namespace, uid, resourceVersion } = metadata;
  const { phase } = (content as { status?: { phase?: string } }).status ?? {};
  const kept = {
    apiVersion,
    kind,
    metadata: { name, namespace, uid, resourceVersion },
    status: { phase },
  };
  return kept as KubeObject;
}
