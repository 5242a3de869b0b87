/** Which cluster is meant, by what was said and what the environment says. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Environment } from "../../domain/environment.ts";
import { LongshoreError } from "../../domain/errors.ts";
import type { ClusterAccess } from "./cluster-access.ts";

export interface ClusterWish {
  readonly kubeconfig?: string | undefined;
  /** Of the kubeconfig. */
  readonly context?: string | undefined;
}

/**
 * As kubectl chooses: the file that is named, those of KUBECONFIG, the one in `home`, and else the cluster whose pod this is.
 * Undefined where there is nothing of all that.
 */
export function clusterAccess(
  { kubeconfig, context }: ClusterWish,
  environment: Environment,
  home?: string,
): ClusterAccess | undefined {
  const paths = kubeconfig === undefined ? usualPaths(environment, home) : [kubeconfig];
  if (paths.length > 0) return { kind: "kubeconfig", paths, context };
  const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port } = environment;
  return host !== undefined && port !== undefined ? { kind: "pod", host, port } : undefined;
}

/** Of several files in KUBECONFIG those count that are there. Throws InvalidArgument where none is. */
function usualPaths({ KUBECONFIG: known = "" }: Environment, home: string | undefined): readonly string[] {
  const named = known.split(":").filter((path) => path !== "");
  if (named.length > 0) {
    const there = named.filter((path) => existsSync(path));
    if (there.length > 0) return there;
    throw new LongshoreError("InvalidArgument", `KUBECONFIG names ${named.join(", ")}, which is not there`, {
      hint: "name the file that your cluster's provider gave you, or unset it",
    });
  }
  const usual = home === undefined ? undefined : join(home, ".kube/config");
  return usual !== undefined && existsSync(usual) ? [usual] : [];
}
