/** What becomes of objects, for a person who watches: through resets, expired versions and restarts of the API server. */
import { LongshoreError } from "../../domain/errors.ts";
import type { ResourceEvent, ResourceKey } from "../../domain/ports/export-store.ts";
import type { Kind } from "../../domain/resources/resource.ts";
import { type Followed, followChanges, versionOf } from "../client/follow-changes.ts";
import type { KubeApi, KubeEvent, KubeObject, KubeQuery, KubeResource } from "../kube-api.ts";
import { type KubeDocument, resourceOf } from "../store/kube-document.ts";
import { readable } from "../store/readable.ts";
import { endurance, type EnduranceHome } from "./endurance.ts";

export interface ChangesHome extends EnduranceHome {
  readonly api: KubeApi;
  /** Told of documents that can't be read. */
  readonly onError: (error: unknown, about: string) => void;
}

export interface ChangesQuery extends KubeQuery {
  /** Only what comes after that resourceVersion. Without it first all that is there, as ADDED. */
  readonly since?: string | undefined;
}

type Change<T> = Exclude<KubeEvent<T>, { type: "BOOKMARK" }>;

/**
 * Changes until cancelled. Where the API server has forgotten the place, all that is there comes as ADDED once more, after
 * `onPresent` was told of their number; what went meanwhile is not told. Throws what no time heals, and the last failure
 * where the API server stays away.
 */
export async function* objectChanges<T extends KubeObject>(
  { api, clock, random, pause }: ChangesHome,
  resource: KubeResource,
  { since, ...query }: ChangesQuery & { readonly onPresent?: (count: number) => void },
  signal: AbortSignal,
): AsyncGenerator<Change<T>, never, undefined> {
  const { onPresent, ...asked } = query;
  const followed: Followed = { api, resource, query: asked, clock, random };
  const bearing = endurance({ clock, random, pause }, isForgotten);
  let position = since;
  for (;;) {
    try {
      if (position === undefined) yield* present();
      yield* later(position ?? "");
    } catch (error) {
      if (isForgotten(error)) position = undefined;
      await bearing.bear(error, signal);
    }
  }

  async function* present(): AsyncGenerator<Change<T>, void, undefined> {
    const { items, version } = await everything<T>(followed, signal);
    bearing.went();
    onPresent?.(items.length);
    for (const object of items) yield { type: "ADDED", object };
    position = version;
  }

  async function* later(version: string): AsyncGenerator<Change<T>, void, undefined> {
    for await (const event of followChanges<T>(followed, version, signal)) {
      bearing.went();
      position = versionOf(event);
      if (event.type !== "BOOKMARK") yield event;
    }
  }
}

const isForgotten = (error: unknown): boolean =>
  error instanceof LongshoreError && error.code === "WatchExpired";

const page = 500;

async function everything<T extends KubeObject>(
  { api, resource, query }: Followed,
  signal: AbortSignal,
): Promise<{ readonly items: readonly T[]; readonly version: string }> {
  const items: T[] = [];
  let version: string | undefined;
  let next: string | undefined;
  do {
    const found = await api.list<T>(resource, { ...query, limit: page, continue: next }, signal);
    version ??= found.resourceVersion;
    next = found.continue;
    items.push(...found.items);
  } while (next !== undefined);
  return { items, version };
}

/** The same of our documents; of one alone ResourceNotFound is thrown where it went and nobody saw it go. */
export async function* documentChanges<K extends Kind>(
  home: ChangesHome,
  kind: K,
  { namespace, name, since }: { namespace: string; name?: string | undefined; since?: string | undefined },
  signal: AbortSignal,
): AsyncGenerator<ResourceEvent<K>, void, undefined> {
  const fieldSelector = name === undefined ? undefined : `metadata.name=${name}`;
  const onPresent = (count: number): void => {
    if (name !== undefined && count === 0) throw isNotThere(kind, { namespace, name });
  };
  const changes = objectChanges<KubeDocument>(
    home,
    resourceOf(kind),
    { namespace, fieldSelector, since, onPresent },
    signal,
  );
  for await (const { type, object: document } of changes)
    for (const object of readable(kind, document, home.onError)) yield { type, object };
}

export const isNotThere = (kind: Kind, { namespace, name }: ResourceKey): LongshoreError =>
  new LongshoreError("ResourceNotFound", `there is no ${kind} ${name} in the namespace ${namespace}`);
