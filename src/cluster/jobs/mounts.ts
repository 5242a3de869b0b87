/** Volumes and mounts of a worker's pod, and the ways by which its program finds its places in them. */
import { formatBucketLocation, parseBucketLocation } from "../../domain/location.ts";
import { wayIntoMount } from "../../domain/mount-way.ts";
import type { Ways } from "../../domain/ports/places.ts";
import { parseVolumeLocation } from "../../domain/volume-location.ts";
import { mountPaths } from "./mount-paths.ts";
import type { Volume, VolumeMount } from "./pod-spec.ts";
import type { Role, WorkerJob } from "./worker-job.ts";

export interface Mounts {
  readonly volumes: readonly Volume[];
  readonly volumeMounts: readonly VolumeMount[];
  readonly ways: Ways;
  /** Whether a claim is written. */
  readonly writesClaim: boolean;
}

/** The one that is written first: where another is of the same claim, a pod must not have it twice. */
const roles: readonly Role[] = ["destination", "source", "previous"];
const scratchLimit = "10Gi";

export function mountsOf({ locations, secrets }: Pick<WorkerJob, "locations" | "secrets">): Mounts {
  const volumes: Volume[] = [{ name: "scratch", emptyDir: { sizeLimit: scratchLimit } }];
  const volumeMounts: VolumeMount[] = [{ name: "scratch", mountPath: mountPaths.scratch }];
  const ways: Record<string, string> = {};
  const volumeOf = new Map<string, string>();
  let writesClaim = false;
  for (const role of roles) {
    const location = locations[role];
    if (location === undefined) continue;
    const volume = parseVolumeLocation(location);
    const bucket = parseBucketLocation(location);
    if (volume !== undefined) {
      addClaim(role, volume.claim);
      ways[location] ??= wayIntoMount(mountPaths[role], volume.path);
    } else if (bucket !== undefined) {
      const parameters = { ...bucket.parameters, ...addSecret(role) };
      ways[location] ??= formatBucketLocation({ ...bucket, parameters });
    }
  }
  return { volumes, volumeMounts, ways, writesClaim };

  /** Read-only on both levels: on the volume's, so that the kubelet changes nothing in it, and on the mount's. */
  function addClaim(role: Role, claimName: string): void {
    const readOnly = role !== "destination";
    let name = volumeOf.get(claimName);
    if (name === undefined) {
      name = role;
      volumeOf.set(claimName, name);
      volumes.push({ name, persistentVolumeClaim: { claimName, ...(readOnly && { readOnly }) } });
    }
    volumeMounts.push({ name, mountPath: mountPaths[role], ...(readOnly && { readOnly }) });
    writesClaim ||= !readOnly;
  }

  /** Without a Secret it is nobody who asks: what the node may do is not for whoever may make an Export. */
  function addSecret(role: Role): { readonly credentials: string } | { readonly anonymous: "true" } {
    const secretName = secrets[role];
    if (secretName === undefined) return { anonymous: "true" };
    const [name, mountPath] = [`credentials-${role}`, `${mountPaths.credentials}/${role}`];
    volumes.push({ name, secret: { secretName } });
    volumeMounts.push({ name, mountPath, readOnly: true });
    return { credentials: mountPath };
  }
}
