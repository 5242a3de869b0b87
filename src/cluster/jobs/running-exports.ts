/** The exports that have Jobs, as the API server says: what a new operator finds under way. */
import type { KubeApi, KubeKey, KubeList } from "../kube-api.ts";
import { controllerOf } from "./controller-of.ts";
import { type Job, jobs } from "./objects.ts";
import { labels } from "./worker-labels.ts";

const pageSize = 500;
const unforgotten = `${labels.exportUid},!${labels.forgotten},${labels.stage}!=cleanup`;

/** Of the namespaces, or of all where none is named. Among them may be some that have ended a moment ago. */
export async function runningExports(
  api: KubeApi,
  namespaces: readonly string[],
  signal: AbortSignal,
): Promise<readonly ExportKey[]> {
  const found = new Map<string, ExportKey>();
  let next: string | undefined;
  do {
    const query = { labelSelector: unforgotten, limit: pageSize, continue: next };
    const page: KubeList<Job> = await api.list<Job>(jobs, query, signal);
    for (const job of page.items) {
      const key = exportOf(job);
      if (key !== undefined) found.set(`${key.namespace}/${key.name}`, key);
    }
    next = page.continue;
  } while (next !== undefined);
  return [...found.values()].filter(
    ({ namespace }) => namespaces.length === 0 || namespaces.includes(namespace),
  );
}

type ExportKey = KubeKey & { readonly namespace: string };

function exportOf(job: Job): ExportKey | undefined {
  const { metadata, spec } = job;
  const owner = controllerOf(job, "Export");
  if (owner === undefined || metadata.namespace === undefined || spec.suspend === true) return undefined;
  return { namespace: metadata.namespace, name: owner.name };
}
