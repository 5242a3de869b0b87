/** How a cluster's API server is reached and who we are there: from kubeconfigs, or as a pod's service account. */
import { existsSync, readFileSync } from "node:fs";
import type { RequestOptions } from "node:https";
import { dirname, join, resolve } from "node:path";
import { KubeConfig } from "@kubernetes/client-node";
import { parse } from "yaml";
import { z } from "zod";
import { LongshoreError } from "../../domain/errors.ts";

export type ClusterAccess =
  /** As kubectl merges them: of several, the first that says something counts. */
  | { readonly kind: "kubeconfig"; readonly paths: readonly string[]; readonly context?: string | undefined }
  /** `host` and `port` are KUBERNETES_SERVICE_HOST and _PORT of the pod. */
  | { readonly kind: "pod"; readonly host: string; readonly port: string; readonly folder?: string };

export interface LoadedAccess {
  /** Without a slash at its end; it may have a path. */
  readonly server: string;
  /** That of the context, or of the pod. */
  readonly namespace: string | undefined;
  /** TLS and headers of the next request; `agent` only where a proxy is on the way. Throws Unauthenticated. */
  authorize(): Promise<RequestOptions>;
}

const serviceAccountFolder = "/var/run/secrets/kubernetes.io/serviceaccount";

/** Throws InvalidArgument where the files name no cluster. */
export function loadAccess(access: ClusterAccess): LoadedAccess {
  const config = access.kind === "pod" ? podConfig(access) : mergedConfig(access);
  const cluster = config.getCurrentCluster();
  if (cluster === null)
    throw unusable(`the context ${JSON.stringify(config.getCurrentContext() ?? "")} names no cluster`);
  // A token would be readable on the way.
  if (!cluster.server.startsWith("https://")) throw unusable(`${cluster.server} is no https:// address`);
  const hasProxy = cluster.proxyUrl !== undefined && cluster.proxyUrl !== "";
  return {
    server: cluster.server.replace(/\/+$/, ""),
    namespace: config.getContextObject(config.getCurrentContext())?.namespace?.trim(),
    authorize: async () => {
      const options: RequestOptions = {};
      try {
        await config.applyToHTTPSOptions(options);
      } catch (error) {
        throw noCredentials(error);
      }
      const { agent, ...direct } = options;
      return hasProxy ? { ...direct, agent } : direct;
    },
  };
}

function podConfig({
  host,
  port,
  folder = serviceAccountFolder,
}: ClusterAccess & { kind: "pod" }): KubeConfig {
  const config = new KubeConfig();
  const server = `https://${host.includes(":") ? `[${host}]` : host}:${port}`;
  const namespaceFile = join(folder, "namespace");
  const namespace = existsSync(namespaceFile) ? readFileSync(namespaceFile, "utf8") : undefined;
  config.loadFromOptions({
    clusters: [{ name: "pod", server, caFile: join(folder, "ca.crt"), skipTLSVerify: false }],
    users: [{ name: "pod", authProvider: tokenFile(join(folder, "token")) }],
    contexts: [
      { name: "pod", cluster: "pod", user: "pod", ...(namespace === undefined ? {} : { namespace }) },
    ],
    currentContext: "pod",
  });
  return config;
}

/** The client reads such a file again every minute, so that a rotated token is found. */
const tokenFile = (path: string): object => ({ name: "tokenFile", config: { tokenFile: path } });

function mergedConfig({ paths, context }: ClusterAccess & { kind: "kubeconfig" }): KubeConfig {
  const merged = new KubeConfig();
  for (const path of paths) {
    const next = readConfig(path);
    for (const cluster of next.clusters)
      if (merged.getCluster(cluster.name) === null) merged.addCluster(cluster);
    for (const user of next.users) if (merged.getUser(user.name) === null) merged.addUser(user);
    for (const one of next.contexts) if (merged.getContextObject(one.name) === null) merged.addContext(one);
    merged.currentContext ??= next.currentContext;
  }
  if (context !== undefined) {
    if (merged.getContextObject(context) === null) {
      const known = merged.contexts.map(({ name }) => name).join(", ");
      throw unusable(`there is no context ${context} in ${paths.join(", ")}, only ${known || "none"}`);
    }
    merged.setCurrentContext(context);
  }
  return merged;
}

/** The fields that the client does not read itself. */
const Kubeconfig = z.object({
  users: z
    .array(z.object({ name: z.string(), user: z.object({ tokenFile: z.string().optional() }).nullish() }))
    .nullish(),
});

function readConfig(path: string): KubeConfig {
  const config = new KubeConfig();
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    throw new LongshoreError("InvalidArgument", `the kubeconfig ${path} can't be read`, {
      cause: error,
      hint: "check KUBECONFIG or --kubeconfig",
    });
  }
  try {
    config.loadFromString(text);
    config.makePathsAbsolute(dirname(path));
    const { users } = Kubeconfig.parse(parse(text));
    for (const { name, user } of users ?? []) addTokenFile(config, name, user?.tokenFile, path);
  } catch {
    // The reason would quote the file, and with it keys.
    throw unusable(`${path} is no kubeconfig`);
  }
  for (const user of config.users) if (user.exec) tellPlugin(user.exec);
  return config;
}

function addTokenFile(config: KubeConfig, name: string, file: string | undefined, path: string): void {
  const user = config.users.find((one) => one.name === name);
  if (user === undefined || file === undefined || user.token !== undefined) return;
  Object.assign(user, { authProvider: tokenFile(resolve(dirname(path), file)) });
}

/** What plugins are promised to find in their environment (client.authentication.k8s.io, ExecCredential). */
function tellPlugin(exec: { apiVersion?: unknown; env?: unknown }): void {
  const version = typeof exec.apiVersion === "string" ? exec.apiVersion : "client.authentication.k8s.io/v1";
  const info = { apiVersion: version, kind: "ExecCredential", spec: { interactive: false } };
  const given: readonly unknown[] = Array.isArray(exec.env) ? exec.env : [];
  exec.env = [...given, { name: "KUBERNETES_EXEC_INFO", value: JSON.stringify(info) }];
}

const unusable = (message: string): LongshoreError =>
  new LongshoreError("InvalidArgument", message, { hint: "check KUBECONFIG, --kubeconfig and --context" });

function noCredentials(error: unknown): LongshoreError {
  const hint = "run `kubectl get --raw /readyz` with the same kubeconfig";
  // What a plugin printed may be the credential itself.
  if (error instanceof SyntaxError)
    return new LongshoreError("Unauthenticated", "the kubeconfig's plugin printed no credential", { hint });
  const reason = error instanceof Error ? error.message.trim().split("\n")[0] : "";
  return new LongshoreError("Unauthenticated", `there are no credentials for the API server: ${reason}`, {
    cause: error,
    hint,
  });
}
