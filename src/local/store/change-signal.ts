/** Wakes those who wait for a change. It carries no documents: who wakes reads the history from where it was. */
import type { WatchQuery } from "../../domain/ports/export-store.ts";
import type { Kind, Resource } from "../../domain/resources/resource.ts";

export interface ChangeSignal {
  /** Told after the change is durable. */
  announce(resource: Resource): void;
  /** The version of the first change of what is watched after this call. Rejects with the reason of `signal`. */
  next(kind: Kind, query: WatchQuery, signal: AbortSignal): Promise<number>;
}

type Listener = (resource: Resource) => void;

export function changeSignal(): ChangeSignal {
  const listeners = new Set<Listener>();
  return {
    announce: (resource) => {
      for (const listener of listeners) listener(resource);
    },
    next: async (kind, query, signal) => {
      signal.throwIfAborted();
      const { promise, resolve, reject } = Promise.withResolvers<number>();
      const listener: Listener = (resource) => {
        if (concerns(resource, kind, query)) resolve(Number(resource.metadata.resourceVersion));
      };
      const cancel = (): void => reject(signal.reason);
      listeners.add(listener);
      signal.addEventListener("abort", cancel, { once: true });
      try {
        return await promise;
      } finally {
        listeners.delete(listener);
        signal.removeEventListener("abort", cancel);
      }
    },
  };
}

const concerns = (resource: Resource, kind: Kind, { namespace, name }: WatchQuery): boolean =>
  resource.kind === kind &&
  (namespace === undefined || resource.metadata.namespace === namespace) &&
  (name === undefined || resource.metadata.name === name);
