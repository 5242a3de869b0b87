/** Exports of a test cluster, and what is said of them. */
import assert from "node:assert/strict";
import type { KubeApi, KubeEvent, KubeObject, KubeQuery } from "../../src/cluster/kube-api.ts";
import { resourceOf } from "../../src/cluster/store/kube-document.ts";
import { type Condition, conditionOf } from "../../src/domain/resources/condition.ts";
import type { Export } from "../../src/domain/resources/resource.ts";

export const exports = resourceOf("Export");
/** Milliseconds; a machine that runs a whole cluster and its tests takes its time. */
const usualPatience = 400_000;

/** Resolves with the export as soon as it is as wanted; with undefined where it is wanted gone. */
export async function exportBecomes(
  api: KubeApi,
  { namespace, name }: { readonly namespace: string; readonly name: string },
  isWanted: (found: Export | undefined) => boolean,
  patience = usualPatience,
): Promise<Export | undefined> {
  const waiting = AbortSignal.timeout(patience);
  let seen: Export | undefined;
  try {
    for await (seen of states(api, { namespace, fieldSelector: `metadata.name=${name}` }, waiting))
      if (isWanted(seen)) return seen;
  } catch (error) {
    if (!waiting.aborted) throw error;
  }
  assert.fail(`${name} is not as wanted after ${patience / 1000} s: ${JSON.stringify(seen?.status)}`);
}

/** The only export that the query finds, as it is now and as it becomes; undefined while there is none. */
async function* states(
  api: KubeApi,
  query: KubeQuery,
  waiting: AbortSignal,
): AsyncGenerator<Export | undefined, never, undefined> {
  for (;;) {
    const { items, resourceVersion } = await api.list(exports, query, waiting);
    yield items[0] as KubeObject | undefined as Export | undefined;
    for await (const event of api.watch(exports, { ...query, resourceVersion, timeoutSeconds: 100 }, waiting))
      if (event.type !== "BOOKMARK") yield objectOf(event);
  }
}

const objectOf = ({ type, object }: Exclude<KubeEvent<KubeObject>, { type: "BOOKMARK" }>) =>
  type === "DELETED" ? undefined : (object as KubeObject as Export);

const succeededOf = (found: Export | undefined): Condition | undefined =>
  conditionOf(found?.status?.conditions, "Succeeded");
export const statusOf = (found: Export | undefined): string => succeededOf(found)?.status ?? "Unknown";
export const reasonOf = (found: Export | undefined): string => succeededOf(found)?.reason ?? "";
export const messageOf = (found: Export | undefined): string => succeededOf(found)?.message ?? "";
