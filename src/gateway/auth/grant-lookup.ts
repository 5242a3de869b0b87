/** Finds the DownloadGrant of a token: that names it by its uid, the store by its name. */
import type { ExportStore } from "../../domain/ports/export-store.ts";
import type { DownloadGrant } from "../../domain/resources/resource.ts";

export interface GrantLookup {
  /** Undefined where there is none with this uid any more. */
  find(namespace: string, uid: string, signal: AbortSignal): Promise<DownloadGrant | undefined>;
  /** Spares the search for one that was just made or read. */
  remember(grant: DownloadGrant): void;
}

const remembered = 20_000;

/** Names are remembered, and uids that are gone too: they never come back, so that no token can make us search twice. */
export function createGrantLookup(store: ExportStore): GrantLookup {
  const names = new Map<string, string | undefined>();
  const set = (uid: string, name: string | undefined): void => {
    names.delete(uid);
    for (const oldest of names.keys()) {
      if (names.size < remembered) break;
      names.delete(oldest);
    }
    names.set(uid, name);
  };
  const search = async (
    namespace: string,
    uid: string,
    signal: AbortSignal,
  ): Promise<DownloadGrant | undefined> => {
    let position: string | undefined;
    do {
      const page = await store.list("DownloadGrant", { namespace, continue: position }, signal);
      const found = page.items.find(({ metadata }) => metadata.uid === uid);
      if (found !== undefined) return found;
      position = page.continue;
    } while (position !== undefined);
    return undefined;
  };
  return {
    remember: ({ metadata }) => set(metadata.uid, metadata.name),
    find: async (namespace, uid, signal) => {
      const name = names.get(uid);
      if (name === undefined && names.has(uid)) return undefined;
      const found =
        name === undefined
          ? await search(namespace, uid, signal)
          : await store.get("DownloadGrant", { namespace, name }, signal);
      const grant = found?.metadata.uid === uid ? found : undefined;
      set(uid, grant?.metadata.name);
      return grant;
    },
  };
}
