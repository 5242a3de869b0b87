/** Finds out what the Jobs of an export need: settings and Secrets as its resources name them, the node of a claim in use. */
import { LongshoreError } from "../../domain/errors.ts";
import type { ExportStore, ResourceKey } from "../../domain/ports/export-store.ts";
import type { Waiting } from "../../domain/ports/job-runner.ts";
import type { Export } from "../../domain/resources/resource.ts";
import { parseVolumeLocation } from "../../domain/volume-location.ts";
import type { KubeApi } from "../kube-api.ts";
import { type Claim, claims, namespaces, type Pod, pods } from "./objects.ts";
import { hasEnded } from "./pod-facts.ts";
import { labels } from "./worker-labels.ts";
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
  const placed = await placeOf(Object.values(locations), owner.namespace, home.api, signal);
  if ("reason" in placed) return { waiting: placed };
  const secrets = await secretsOf(resource, Object.keys(locations) as Role[], home.store, signal);
  return { job: { owner, locations, secrets, workers, export: asked.export, ...placed } };
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

type Placed = Pick<WorkerJob, "node" | "sharesNode">;

/** Claims that only one node can have at a time tie us to where they are used. Pods are listed only where there is one. */
async function placeOf(
  locations: readonly (string | undefined)[],
  namespace: string,
  api: KubeApi,
  signal: AbortSignal,
): Promise<Placed | Waiting> {
  const single = await singleNodeClaims(locations, namespace, api, signal);
  if (single.size === 0) return { sharesNode: false };
  const users = await usersOf(single, namespace, api, signal);
  for (const { claim, pod } of users)
    if (single.get(claim)?.includes("ReadWriteOncePod") === true) return inUse(claim, pod);
  const onNodes = new Map(users.map(({ claim, node }) => [node, claim]));
  const [first, second] = onNodes;
  if (first === undefined || second === undefined) return { node: first?.[0], sharesNode: true };
  const message = `the claims ${first[1]} and ${second[1]} are in use on the nodes ${first[0]} and ${second[0]}, and can be read on these alone`;
  return { reason: "ClaimsApart", message };
}

const inUse = (claim: string, pod: Pod): Waiting => ({
  reason: "SourceInUse",
  message: `the claim ${claim} may be used by one pod alone, and ${pod.metadata.name} uses it`,
});

/** With the modes of each. A claim that is missing is the scheduler's to tell. */
async function singleNodeClaims(
  locations: readonly (string | undefined)[],
  namespace: string,
  api: KubeApi,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, readonly string[]>> {
  const names = new Set(locations.map((location) => location && parseVolumeLocation(location)?.claim));
  const found = new Map<string, readonly string[]>();
  for (const name of names) {
    if (name === undefined || name === "") continue;
    const claim = await api.get<Claim>(claims, { namespace, name }, signal);
    const modes = claim?.spec.accessModes ?? [];
    if (modes.length > 0 && modes.every((mode) => mode.startsWith("ReadWriteOnce"))) found.set(name, modes);
  }
  return found;
}

interface ClaimUser {
  readonly claim: string;
  readonly node: string;
  readonly pod: Pod;
}

/** Others than our workers, which go where they are told. */
async function usersOf(
  wanted: ReadonlyMap<string, unknown>,
  namespace: string,
  api: KubeApi,
  signal: AbortSignal,
): Promise<readonly ClaimUser[]> {
  const users: ClaimUser[] = [];
  let next: string | undefined;
  do {
    const page = await api.list<Pod>(
      pods,
      { namespace, labelSelector: `!${labels.exportUid}`, limit: 500, continue: next },
      signal,
    );
    users.push(...page.items.flatMap((pod) => claimsOn(pod, wanted)));
    next = page.continue;
  } while (next !== undefined);
  return users;
}

function claimsOn(pod: Pod, wanted: ReadonlyMap<string, unknown>): ClaimUser[] {
  const { nodeName: node, volumes = [] } = pod.spec;
  if (node === undefined || hasEnded(pod)) return [];
  const names = volumes.map(({ persistentVolumeClaim }) => persistentVolumeClaim?.claimName);
  return names.flatMap((claim) => (claim !== undefined && wanted.has(claim) ? [{ claim, node, pod }] : []));
}
