/** The cluster of a kubeconfig for a person's commands; loaded only by those that talk to one. */
import { randomUUID } from "node:crypto";
import type { Environment } from "../../domain/environment.ts";
import { LongshoreError } from "../../domain/errors.ts";
import { clusterAccess, type ClusterWish } from "../client/choose-cluster.ts";
import { openKubeApi } from "../client/open-kube-api.ts";
import { pause } from "../client/pause.ts";
import { commandClient } from "./command-client.ts";

export interface CommandClientHome {
  readonly environment: Environment;
  /** The person's folder. */
  readonly home: string;
  /** Told of documents that can't be read. */
  readonly complain: (text: string) => void;
}

/** Nothing is asked of the cluster yet. Throws InvalidArgument where none is named, or the kubeconfig can't be used. */
export function openCommandClient(wish: ClusterWish, { environment, home, complain }: CommandClientHome) {
  const access = clusterAccess(wish, environment, home);
  if (access === undefined)
    throw new LongshoreError("InvalidArgument", "no cluster is named", {
      hint: "set KUBECONFIG to the kubeconfig that your cluster's provider gave you, or give --kubeconfig",
    });
  const api = openKubeApi(access);
  const { server, namespace = "" } = api;
  const { workerLogs, recordedEvents, ...calls } = commandClient({
    api,
    server,
    pause,
    clock: Date,
    random: Math.random,
    newSuffix: () => randomUUID().slice(0, 8),
    onError: (error, about) => complain(`${about}: ${saidOf(error)}`),
  });
  return {
    ...calls,
    namespace: namespace === "" ? "default" : namespace,
    cluster: { workerLogs, recordedEvents },
    [Symbol.asyncDispose]: () => api[Symbol.asyncDispose](),
  };
}

const saidOf = (error: unknown): string =>
  error instanceof LongshoreError ? `${error.message}: ${error.hint}` : String(error);
