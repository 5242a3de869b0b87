/** Where a worker has to go, and as what, because of pods that use its claims now. */
import type { Waiting } from "../../domain/ports/job-runner.ts";
import { parseVolumeLocation } from "../../domain/volume-location.ts";
import type { KubeApi } from "../kube-api.ts";
import { type Claim, claims, type Pod, pods } from "./objects.ts";
import { hasEnded } from "./pod-facts.ts";
import { labels } from "./worker-labels.ts";
import type { WorkerJob } from "./worker-job.ts";

export type Place = Pick<WorkerJob, "node" | "sharesNode" | "seLinuxLevel">;

/** A pod on a node with a claim of ours. */
export interface ClaimUser {
  readonly claim: string;
  readonly node: string;
  readonly pod: Pod;
}

/** Pods are listed only where there is a claim. */
export async function placeOf(
  { owner, locations }: Pick<WorkerJob, "owner" | "locations">,
  api: KubeApi,
  signal: AbortSignal,
): Promise<Place | Waiting> {
  const { namespace, uid } = owner;
  const named = Object.values(locations).flatMap(
    (location = "") => parseVolumeLocation(location)?.claim ?? [],
  );
  const wanted = new Set(named);
  if (wanted.size === 0) return { sharesNode: false };
  const modes = new Map<string, readonly string[]>();
  // One that is missing is the scheduler's to tell.
  for (const name of wanted) {
    const claim = await api.get<Claim>(claims, { namespace, name }, signal);
    modes.set(name, claim?.spec.accessModes ?? []);
  }
  const others = `${labels.exportUid}!=${uid}`;
  const users: ClaimUser[] = [];
  let next: string | undefined;
  do {
    const query = { namespace, labelSelector: others, limit: 500, continue: next };
    const page = await api.list<Pod>(pods, query, signal);
    users.push(...page.items.flatMap((pod) => claimsOn(pod, wanted)));
    next = page.continue;
  } while (next !== undefined);
  return placeAmong(users, modes);
}

function claimsOn(pod: Pod, wanted: ReadonlySet<string>): ClaimUser[] {
  const { nodeName: node, volumes = [] } = pod.spec;
  if (node === undefined || hasEnded(pod)) return [];
  const names = volumes.map(({ persistentVolumeClaim }) => persistentVolumeClaim?.claimName);
  return names.flatMap((claim) => (claim !== undefined && wanted.has(claim) ? [{ claim, node, pod }] : []));
}

/** By the access modes of each claim. Those that only one node can have at a time tie us to where they are used. */
export function placeAmong(
  users: readonly ClaimUser[],
  modes: ReadonlyMap<string, readonly string[]>,
): Place | Waiting {
  const seLinuxLevel = levelOf(users);
  const single = new Set([...modes].filter(([, of]) => isSingleNode(of)).map(([claim]) => claim));
  const tying = users.filter(({ claim }) => single.has(claim));
  const alone = tying.find(({ claim }) => modes.get(claim)?.includes("ReadWriteOncePod"));
  if (alone !== undefined) return inUse(alone);
  const onNodes = new Map(tying.map(({ claim, node }) => [node, claim]));
  const [first, second] = onNodes;
  if (first === undefined || second === undefined)
    return { node: first?.[0], sharesNode: single.size > 0, seLinuxLevel };
  const message = `the claims ${first[1]} and ${second[1]} are in use on the nodes ${first[0]} and ${second[0]}, and can be read on these alone`;
  return { reason: "ClaimsApart", message };
}

const isSingleNode = (modes: readonly string[]): boolean =>
  modes.length > 0 && modes.every((mode) => mode.startsWith("ReadWriteOnce"));

const inUse = ({ claim, pod }: ClaimUser): Waiting => ({
  reason: "SourceInUse",
  message: `the claim ${claim} may be used by one pod alone, and ${pod.metadata.name} uses it`,
});

/**
 * The SELinux level that a claim's files have by who uses it. The level alone: user, role and type are rights of a program. None
 * where users are of several, as nothing would fit all of them.
 */
function levelOf(users: readonly ClaimUser[]): string | undefined {
  const levels = new Set(users.flatMap(({ claim, pod }) => levelsOf(pod, claim)));
  const [level, ...others] = levels;
  return others.length === 0 ? level : undefined;
}

/** What a container says counts more than what its pod says. */
function levelsOf({ spec }: Pod, claim: string): readonly string[] {
  const volume = spec.volumes?.find(({ persistentVolumeClaim: of }) => of?.claimName === claim)?.name;
  const mounting = spec.containers.filter(({ volumeMounts = [] }) =>
    volumeMounts.some(({ name }) => name === volume),
  );
  return mounting.flatMap(
    ({ securityContext: own }) =>
      own?.seLinuxOptions?.level ?? spec.securityContext?.seLinuxOptions?.level ?? [],
  );
}
