/** What commands talk to: a server by its REST interface, or a cluster by its API server. Both keep the same documents. */
import type { LongshoreClient } from "../../api/longshore-client.ts";
import type { ClusterTraces } from "../../domain/ports/cluster-traces.ts";

type Exports = LongshoreClient["exports"];
type Grants = LongshoreClient["grants"];
type Destinations = LongshoreClient["destinations"];

export interface CreateOptions {
  /** It is checked, and nothing is kept. */
  readonly dryRun?: boolean | undefined;
}

/** A method that makes something, with options before its signal. */
type Creating<F> = F extends (...args: [...infer A, AbortSignal]) => infer R
  ? (...args: [...A, CreateOptions, AbortSignal]) => R
  : never;

/** Of a cluster, which serves no downloads by itself, a grant has no URL. */
type MadeGrant = Awaited<ReturnType<Grants["get"]>> & { readonly url?: string };

export interface Remote extends AsyncDisposable {
  /** Where objects lie for which nobody names a namespace. */
  readonly namespace: string;
  readonly exports: Pick<Exports, "pages" | "get" | "patch" | "cancel" | "delete" | "events" | "files"> & {
    readonly create: Creating<Exports["create"]>;
  };
  readonly grants: Pick<Grants, "pages" | "get" | "delete"> & {
    readonly create: (
      key: Parameters<Grants["create"]>[0],
      request: Parameters<Grants["create"]>[1],
      options: CreateOptions,
      signal: AbortSignal,
    ) => Promise<MadeGrant>;
  };
  readonly destinations: Pick<Destinations, "pages" | "get" | "delete"> & {
    readonly create: Creating<Destinations["create"]>;
  };
  readonly tokens: LongshoreClient["tokens"];
  readonly audit: LongshoreClient["audit"];
  /** What only a cluster has. */
  readonly cluster?: ClusterTraces;
}

/** Where a person says that the cluster is; what is not said is in the environment. */
export interface ClusterOptions {
  readonly kubeconfig?: string | undefined;
  readonly context?: string | undefined;
}

export interface ClusterHost {
  /** Whether the environment names a cluster. */
  readonly isNamed: () => Promise<boolean>;
  /** Throws InvalidArgument where the cluster is not named as it should be. Nothing is asked of it yet. */
  readonly open: (options: ClusterOptions) => Promise<Remote>;
}
