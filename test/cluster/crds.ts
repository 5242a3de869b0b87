/** The project's own kinds in a test cluster: applied from the chart, as a user would. */
import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseAllDocuments } from "yaml";
import type { KubeApi, KubeObject, KubeResource } from "../../src/cluster/kube-api.ts";

const folder = resolve(import.meta.dirname, "../../charts/longshore/crds");

export const customResourceDefinitions: KubeResource = {
  group: "apiextensions.k8s.io",
  version: "v1",
  plural: "customresourcedefinitions",
  kind: "CustomResourceDefinition",
  namespaced: false,
};

interface Definition extends KubeObject {
  readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
}

/** Resolves when the API server serves them. Applying the same again changes nothing. */
export async function installDefinitions(api: KubeApi, signal: AbortSignal): Promise<void> {
  const files = readdirSync(folder).filter((name) => name.endsWith(".yaml"));
  const definitions = files.flatMap((name) =>
    parseAllDocuments(readFileSync(join(folder, name), "utf8")).map((one) => one.toJS() as Definition),
  );
  for (const definition of definitions) {
    const applied = await api.apply(
      customResourceDefinitions,
      definition,
      { fieldManager: "longshore" },
      signal,
    );
    await established(api, applied, signal);
  }
}

async function established(api: KubeApi, applied: Definition, signal: AbortSignal): Promise<void> {
  if (isEstablished(applied)) return;
  const { name, resourceVersion = "" } = applied.metadata;
  const query = { fieldSelector: `metadata.name=${name}`, resourceVersion, timeoutSeconds: 60 };
  for await (const event of api.watch<Definition>(customResourceDefinitions, query, signal))
    if (event.type !== "BOOKMARK" && isEstablished(event.object)) return;
  throw new Error(`the API server does not serve ${name}`);
}

const isEstablished = ({ status }: Definition): boolean =>
  status?.conditions?.some(({ type, status: is }) => type === "Established" && is === "True") === true;
