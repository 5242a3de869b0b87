/** Without its claim nobody can reach a volume, and a pod for it waits for ever. */
import { parseVolumeLocation } from "../../domain/volume-location.ts";
import type { KubeApi } from "../kube-api.ts";
import { type Claim, claims } from "./objects.ts";

export interface MissingClaim {
  readonly claim: string;
  readonly is: "gone" | "being deleted";
}

/** Undefined where the location is none of a volume, or its claim is there to stay. */
export async function missingClaim(
  location: string,
  api: KubeApi,
  signal: AbortSignal,
): Promise<MissingClaim | undefined> {
  const volume = parseVolumeLocation(location);
  if (volume === undefined) return undefined;
  const { namespace, claim } = volume;
  const found = await api.get<Claim>(claims, { namespace, name: claim }, signal);
  if (found === undefined) return { claim, is: "gone" };
  return found.metadata.deletionTimestamp === undefined ? undefined : { claim, is: "being deleted" };
}
