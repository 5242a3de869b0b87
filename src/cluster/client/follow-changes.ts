/** The changes of a kind from one version on: one watch after another, as the API server ends each of them by its time. */
import { LongshoreError } from "../../domain/errors.ts";
import type { Clock } from "../../domain/ports/clock.ts";
import type { KubeApi, KubeEvent, KubeObject, KubeQuery, KubeResource } from "../kube-api.ts";

export interface Followed {
  readonly api: KubeApi;
  readonly resource: KubeResource;
  readonly query: KubeQuery;
  readonly clock: Clock;
  /** From 0 to 1, so that not all watches end together. */
  readonly random: () => number;
}

/** Seconds, between which a watch is ended by the server: below five minutes, after which proxies like to cut. */
const shortestWatch = 260;
const longestWatch = 295;
/** Milliseconds; a watch that ends sooner and says nothing would be begun again and again. */
const tooShort = 1000;

/**
 * Every change after `since`, in order, with bookmarks, until cancelled. Goes on where a watch ended as it should and
 * nowhere else: throws WatchExpired, and whatever else a watch throws.
 */
export async function* followChanges<T extends KubeObject>(
  { api, resource, query, clock, random }: Followed,
  since: string,
  signal: AbortSignal,
): AsyncGenerator<KubeEvent<T>, never, undefined> {
  for (let resourceVersion = since; ;) {
    const begun = clock.now();
    const timeoutSeconds = Math.round(shortestWatch + (longestWatch - shortestWatch) * random());
    let isSilent = true;
    for await (const event of api.watch<T>(resource, { ...query, resourceVersion, timeoutSeconds }, signal)) {
      isSilent = false;
      resourceVersion = versionOf(event);
      yield event;
      signal.throwIfAborted();
    }
    signal.throwIfAborted();
    if (isSilent && clock.now() - begun < tooShort)
      throw new LongshoreError(
        "ServerFailed",
        `a watch of ${resource.plural} ended at once and said nothing`,
      );
  }
}

export function versionOf<T extends KubeObject>(event: KubeEvent<T>): string {
  return event.type === "BOOKMARK" ? event.resourceVersion : (event.object.metadata.resourceVersion ?? "");
}
