/**
 * A kind's objects, kept as the API server has them: lists in pages, watches from there, and goes on through whatever
 * the line or the server does meanwhile.
 *
 * After the first failure it watches on from where it was; after a second without a word between, or when that version
 * is forgotten, it lists again and tells the differences alone, so that no change is told twice and no deletion is missed.
 */
import { type BackOff, waitAfter } from "../../domain/back-off.ts";
import { LongshoreError } from "../../domain/errors.ts";
import { unlessAborted } from "../../domain/unless-aborted.ts";
import type { KubeEvent, KubeKey, KubeObject } from "../kube-api.ts";
import { apiStatusOf } from "./api-status.ts";
import { type Followed, followChanges, versionOf } from "./follow-changes.ts";
import { createObjectCache, keyText, type ObjectChange } from "./object-cache.ts";
import { pause as usualPause, type Pause } from "./pause.ts";

export interface ReflectorOptions<T extends KubeObject> extends Followed {
  /** Told of every failure that it goes on after, and of what a handler throws. */
  readonly onError: (error: unknown, about: string) => void;
  /** A value by which `indexed` finds objects, as a label of theirs. */
  readonly indexBy?: (object: T) => string | undefined;
  /** What is kept of an object that has much which nobody reads; all of it unless said. Its metadata must stay. */
  readonly keep?: (object: T) => T;
  readonly backOff?: BackOff;
  readonly pause?: Pause;
  /** Objects of a page of a list. */
  readonly pageSize?: number;
}

export interface Reflector<T extends KubeObject> {
  /**
   * Every change, the first list being ADDED for all, until cancelled: then it throws the reason. The caches below follow
   * it, so one reader at a time; a slow reader slows the watch down and costs no memory.
   */
  changes(signal: AbortSignal): AsyncGenerator<ObjectChange<T>, never, undefined>;
  /** The same for a handler, until cancelled, when it resolves. A handler that throws is told of and does not end it. */
  run(handler: (change: ObjectChange<T>) => void, signal: AbortSignal): Promise<void>;
  /** Resolves when the first list is complete. Until then, an object that is not found may be there. */
  ready(signal: AbortSignal): Promise<void>;
  /** The version up to which every change is in the cache; undefined until `ready`. */
  position(): string | undefined;
  get(key: KubeKey): T | undefined;
  /** All, or those of one namespace; in no order. */
  list(namespace?: string): readonly T[];
  indexed(value: string): readonly T[];
}

const usualBackOff: BackOff = { first: 500, longest: 30_000 };
/** Milliseconds; no server is believed that asks to wait for longer. */
const longestAsked = 300_000;

export function createReflector<T extends KubeObject>(options: ReflectorOptions<T>): Reflector<T> {
  const {
    api,
    resource,
    query,
    onError,
    keep = (object) => object,
    pageSize = 200,
    backOff = usualBackOff,
    pause = usualPause,
  } = options;
  const cache = createObjectCache<T>(options.indexBy ?? (() => undefined));
  const isReady = Promise.withResolvers<void>();
  let position: string | undefined;
  return {
    changes,
    run: async (handler, signal) => {
      try {
        for await (const change of changes(signal)) tell(handler, change);
      } catch (error) {
        if (!signal.aborted) throw error;
      }
    },
    ready: (signal) => unlessAborted(isReady.promise, signal),
    position: () => position,
    get: (key) => cache.get(key),
    list: (namespace) => cache.list(namespace),
    indexed: (value) => cache.indexed(value),
  };

  async function* changes(signal: AbortSignal): AsyncGenerator<ObjectChange<T>, never, undefined> {
    let failures = 0;
    let mustList = true;
    let limit: number | undefined = pageSize;
    for (;;) {
      try {
        if (mustList) yield* listed(limit, signal);
        mustList = false;
        limit = pageSize;
        for await (const event of followChanges<T>(options, position ?? "", signal)) {
          failures = 0;
          yield* taken(event);
        }
      } catch (error) {
        signal.throwIfAborted();
        failures++;
        const isForgotten = error instanceof LongshoreError && error.code === "WatchExpired";
        // The cursor of a list was forgotten while it was read: all at once then, as there may be no time for pages.
        if (isForgotten && mustList) limit = undefined;
        mustList ||= isForgotten || failures > 1;
        if (!isForgotten) onError(error, `the watch of ${resource.plural}`);
        await pause(waitFor(error, failures), signal);
      }
    }
  }

  /** Into the cache before it is given on, so that whoever reads then finds it there. */
  function taken(event: KubeEvent<T>): readonly ObjectChange<T>[] {
    position = versionOf(event);
    return event.type === "BOOKMARK" ? [] : cache.take({ ...event, object: keep(event.object) });
  }

  async function* listed(
    limit: number | undefined,
    signal: AbortSignal,
  ): AsyncGenerator<ObjectChange<T>, void, undefined> {
    const gone = new Set(cache.keys());
    let version: string | undefined;
    for (let next: string | undefined, isFirst = true; isFirst || next !== undefined; isFirst = false) {
      const page = await api.list<T>(resource, { ...query, limit, continue: next }, signal);
      version ??= page.resourceVersion;
      next = page.continue;
      for (const object of page.items) {
        gone.delete(keyText(object.metadata));
        yield* cache.takeListed(keep(object));
        signal.throwIfAborted();
      }
    }
    for (const key of gone) yield* cache.drop(key);
    position = version;
    isReady.resolve();
  }

  function waitFor(error: unknown, failures: number): number {
    const asked = Math.min(longestAsked, apiStatusOf(error)?.retryAfter ?? 0);
    return Math.max(asked, waitAfter(failures, backOff, options.random));
  }

  function tell(handler: (change: ObjectChange<T>) => void, change: ObjectChange<T>): void {
    try {
      handler(change);
    } catch (error) {
      onError(error, `${resource.kind} ${keyText(change.object.metadata)}`);
    }
  }
}
