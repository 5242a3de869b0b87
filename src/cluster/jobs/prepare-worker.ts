/** Finds out what the Jobs of an export need: settings and Secrets as its resources name them, the node of a claim in use. */
import { LongshoreError } from "../../domain/errors.ts";
import type { ExportStore, ResourceKey } from "../../domain/ports/export-store.ts";
import type { Waiting } from "../../domain/ports/job-runner.ts";
import type { Export } from "../../domain/resources/resource.ts";
import { parseVolumeLocation } from "../../domain/volume-location.ts";
import type { KubeApi } from "../kube-api.ts";
import { placeOf } from "./claim-users.ts";
import { namespaces } from "./objects.ts";
import { recordsOwner } from "./records-owner.ts";
import type { Role, WorkerJob } from "./worker-job.ts";

export interface Asked {
  readonly owner: WorkerJob["owner"];
  readonly locations: WorkerJob["locations"];
  readonly export?: WorkerJob["export"] | undefined;
}

interface PrepareHome {
  readonly api: KubeApi;
  readonly store: ExportStore;
}

/** A reason why it can't begin now, which may go by itself. */
export type Prepared = { readonly job: WorkerJob } | { readonly waiting: Waiting };

/** Throws PlaceNotAllowed where a volume is another namespace's, ResourceNotFound where the Export is gone. */
export async function prepareWorker(asked: Asked, home: PrepareHome, signal: AbortSignal): Promise<Prepared> {
  const { owner, locations } = asked;
  refuseOtherNamespaces(asked);
  const resource = await home.store.get("Export", owner, signal);
  if (resource === undefined || resource.metadata.uid !== owner.uid)
    throw new LongshoreError(
      "ResourceNotFound",
      `there is no Export ${owner.namespace}/${owner.name} any more`,
    );
  let { workers } = resource.spec;
  const refusal = workers.readAs === "Root" ? await rootRefusal(owner.namespace, home, signal) : undefined;
  if (refusal !== undefined && asked.export !== undefined) return { waiting: refusal };
  // What a worker was never let in to write needs no rights to be removed.
  if (refusal !== undefined) workers = { ...workers, readAs: "NonRoot" };
  const placed = await placeOf(asked, home.api, signal);
  if ("reason" in placed) return { waiting: placed };
  const secrets = await secretsOf(resource, Object.keys(locations) as Role[], home.store, signal);
  const records = await recordsOwner(owner, home.api, signal);
  return {
    job: { owner, recordsOwner: records, locations, secrets, workers, export: asked.export, ...placed },
  };
}

function refuseOtherNamespaces({ owner, locations }: Asked): void {
  for (const location of Object.values(locations)) {
    const volume = location === undefined ? undefined : parseVolumeLocation(location);
    if (volume === undefined || volume.namespace === owner.namespace) continue;
    throw new LongshoreError("PlaceNotAllowed", `${location} lies in another namespace than the Export`, {
      hint: "name a claim of the same namespace",
    });
  }
}

const privileged = "longshore.dev/privileged-workers";

/** The operator's own policy refuses such pods too; here the sentence says what to do. */
async function rootRefusal(
  name: string,
  { api }: PrepareHome,
  signal: AbortSignal,
): Promise<Waiting | undefined> {
  const namespace = await api.get(namespaces, { name }, signal);
  if (namespace?.metadata.annotations?.[privileged] === "true") return undefined;
  const message = `spec.workers.readAs: Root needs the annotation ${privileged}: "true" on the Namespace ${name}`;
  return { reason: "PodRefused", message };
}

async function secretsOf(
  resource: Export,
  roles: readonly Role[],
  store: ExportStore,
  signal: AbortSignal,
): Promise<WorkerJob["secrets"]> {
  const { spec, metadata } = resource;
  const previous = spec.previous && { namespace: metadata.namespace, name: spec.previous.name };
  return {
    source: spec.source.bucket?.credentialsSecretRef?.name,
    destination: await destinationSecret(resource, store, signal),
    previous:
      previous && roles.includes("previous") ? await secretOfPrevious(previous, store, signal) : undefined,
  };
}

async function secretOfPrevious(
  key: ResourceKey,
  store: ExportStore,
  signal: AbortSignal,
): Promise<string | undefined> {
  const previous = await store.get("Export", key, signal);
  return previous && destinationSecret(previous, store, signal);
}

/** A destination that is gone names none any more: the store will say that nobody may do anything. */
async function destinationSecret(
  { spec, metadata }: Export,
  store: ExportStore,
  signal: AbortSignal,
): Promise<string | undefined> {
  const { name, bucket } = spec.destination;
  if (name === undefined) return bucket?.credentialsSecretRef?.name;
  const destination = await store.get("ExportDestination", { namespace: metadata.namespace, name }, signal);
  return destination?.spec.bucket?.credentialsSecretRef?.name;
}
