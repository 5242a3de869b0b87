/** A webhook that has to be asked about each pod of a namespace, and that nobody answers. */
import type { KubeObject } from "../../src/cluster/kube-api.ts";
import type { TestCluster } from "./cluster.ts";
import { validatingWebhooks } from "./core-kinds.ts";

const { signal } = new AbortController();

/** Disposing it removes it. */
export async function unreachableWebhook({ api }: TestCluster, namespace: string): Promise<AsyncDisposable> {
  const name = `${namespace}.longshore.dev`;
  const webhook = {
    name,
    admissionReviewVersions: ["v1"],
    sideEffects: "None",
    failurePolicy: "Fail",
    timeoutSeconds: 2,
    clientConfig: { url: "https://127.0.0.1:9/nobody" },
    namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": namespace } },
    rules: [{ apiGroups: [""], apiVersions: ["v1"], operations: ["CREATE"], resources: ["pods"] }],
  };
  const document = {
    apiVersion: "admissionregistration.k8s.io/v1",
    kind: validatingWebhooks.kind,
    metadata: { name },
    webhooks: [webhook],
  };
  await api.create<KubeObject>(validatingWebhooks, document, {}, signal);
  return { [Symbol.asyncDispose]: () => api.delete(validatingWebhooks, { name }, {}, signal) };
}
