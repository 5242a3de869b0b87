/** How a cluster's API server is reached and who we are there: from kubeconfigs, or as a pod's service account. */
import { readFileSync } from "node:fs";
import type { RequestOptions } from "node:https";
import { createRequire } from "node:module";
import { dirname, resolve } from "node:path";
import type * as clientNode from "@kubernetes/client-node";
import { parse } from "yaml";
import { z } from "zod";
import { LongshoreError } from "../../domain/errors.ts";
import { type LoadedAccess, noCredentials } from "./loaded-access.ts";
import { podAccess, type PodPlace } from "./pod-access.ts";

export type ClusterAccess =
  /** As kubectl merges them: of several, the first that says something counts. */
  | { readonly kind: "kubeconfig"; readonly paths: readonly string[]; readonly context?: string | undefined }
  | (PodPlace & { readonly kind: "pod" });

/**
 * Loaded only where there is a kubeconfig: it takes some 90 MiB of memory and a while to load, and an operator that runs as
 * a pod needs nothing of it.
 */
const clientLibrary = (): typeof clientNode => createRequire(import.meta.url)("@kubernetes/client-node");

/** Throws InvalidArgument where the files name no cluster. */
export function loadAccess(access: ClusterAccess): LoadedAccess {
  if (access.kind === "pod") return podAccess(access);
  const config = mergedConfig(access);
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
        throw unauthenticated(error);
      }
      const { agent, ...direct } = options;
      return hasProxy ? { ...direct, agent } : direct;
    },
  };
}

/** The client reads such a file again every minute, so that a rotated token is found. */
const tokenFile = (path: string): object => ({ name: "tokenFile", config: { tokenFile: path } });

function newConfig(): clientNode.KubeConfig {
  const { KubeConfig } = clientLibrary();
  return new KubeConfig();
}

function mergedConfig({ paths, context }: ClusterAccess & { kind: "kubeconfig" }): clientNode.KubeConfig {
  const merged = newConfig();
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

function readConfig(path: string): clientNode.KubeConfig {
  const config = newConfig();
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

function addTokenFile(
  config: clientNode.KubeConfig,
  name: string,
  file: string | undefined,
  path: string,
): void {
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

function unauthenticated(error: unknown): LongshoreError {
  const hint = "run `kubectl get --raw /readyz` with the same kubeconfig";
  // What a plugin printed may be the credential itself.
  if (error instanceof SyntaxError)
    return new LongshoreError("Unauthenticated", "the kubeconfig's plugin printed no credential", { hint });
  return noCredentials(error, hint);
}
