/** A store whose watches tell of some namespaces alone: who works for a part of a cluster hears of nothing else. */
import type { ExportStore, ResourceEvent } from "../../domain/ports/export-store.ts";
import type { Kind } from "../../domain/resources/resource.ts";

/** The store itself where no namespace is named. */
export function watchingNamespaces(store: ExportStore, namespaces: readonly string[]): ExportStore {
  if (namespaces.length === 0) return store;
  const wanted = new Set(namespaces);
  return {
    ...store,
    watch: (kind, query, signal) => within(store.watch(kind, query, signal), wanted),
  };
}

async function* within<K extends Kind>(
  events: AsyncIterable<ResourceEvent<K>>,
  wanted: ReadonlySet<string>,
): AsyncGenerator<ResourceEvent<K>, void, undefined> {
  for await (const event of events) if (wanted.has(event.object.metadata.namespace)) yield event;
}
