/** How a pod reaches the API server of its cluster: by the files of its service account, as Kubernetes mounts them. */
import { existsSync, readFileSync } from "node:fs";
import type { RequestOptions } from "node:https";
import { join } from "node:path";
import { type LoadedAccess, noCredentials } from "./loaded-access.ts";

export interface PodPlace {
  /** KUBERNETES_SERVICE_HOST and _PORT of the pod. */
  readonly host: string;
  readonly port: string;
  readonly folder?: string;
}

const serviceAccountFolder = "/var/run/secrets/kubernetes.io/serviceaccount";
/** Milliseconds; the kubelet writes a new token long before the old one ends, as all clients count on. */
const readAgainAfter = 60_000;

export function podAccess({ host, port, folder = serviceAccountFolder }: PodPlace): LoadedAccess {
  const namespaceFile = join(folder, "namespace");
  let known: { readonly options: RequestOptions; readonly readAt: number } | undefined;
  return {
    server: `https://${host.includes(":") ? `[${host}]` : host}:${port}`,
    namespace: existsSync(namespaceFile) ? readFileSync(namespaceFile, "utf8").trim() : undefined,
    authorize: async () => {
      const now = performance.now();
      if (known === undefined || now - known.readAt > readAgainAfter)
        known = { options: read(folder), readAt: now };
      return known.options;
    },
  };
}

function read(folder: string): RequestOptions {
  try {
    const token = readFileSync(join(folder, "token"), "utf8").trim();
    return { ca: readFileSync(join(folder, "ca.crt")), headers: { Authorization: `Bearer ${token}` } };
  } catch (error) {
    throw noCredentials(error, "give the pod a service account whose token is mounted");
  }
}
