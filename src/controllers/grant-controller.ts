/** DownloadGrants: whose they are, how long they hold, and when they go. */
import { isDeepStrictEqual } from "node:util";
import type { ResourceKey } from "../domain/ports/export-store.ts";
import { type Condition, withCondition } from "../domain/resources/condition.ts";
import type { DownloadGrantStatus } from "../domain/resources/download-grant.ts";
import type { DownloadGrant, Export } from "../domain/resources/resource.ts";
import { type Controller, type ControllerHome, keyText } from "./controller.ts";
import type { Dependents } from "./dependents.ts";

/** An expired grant stays this long, so that whoever asks why it fails can see it. */
const keptAfterExpiry = 86_400_000;

export type GrantStep =
  | { readonly kind: "set status"; readonly status: DownloadGrantStatus }
  | { readonly kind: "delete" }
  | { readonly kind: "wait until"; readonly time: number };

/** What to do next about a grant, by the Export that has the name it names now. Pure. */
export function decideGrant(grant: DownloadGrant, named: Export | undefined, now: number): GrantStep {
  const { metadata, spec } = grant;
  const expires = Date.parse(metadata.creationTimestamp) + spec.expiresInSeconds * 1000;
  const boundTo = grant.status?.exportUid;
  const isOrphaned = boundTo !== undefined && boundTo !== named?.metadata.uid;
  if (isOrphaned || now >= expires + keptAfterExpiry) return { kind: "delete" };
  const status: DownloadGrantStatus = {
    ...grant.status,
    ...(named === undefined ? {} : { exportUid: named.metadata.uid }),
    expirationTime: new Date(expires).toISOString(),
    observedGeneration: metadata.generation,
    conditions: withCondition(
      grant.status?.conditions,
      { type: "Valid", ...validity(grant, named, now >= expires), observedGeneration: metadata.generation },
      now,
    ),
  };
  if (!isDeepStrictEqual(status, grant.status)) return { kind: "set status", status };
  return { kind: "wait until", time: now < expires ? expires : expires + keptAfterExpiry };
}

function validity(
  { spec }: DownloadGrant,
  named: Export | undefined,
  isExpired: boolean,
): Pick<Condition, "status" | "reason" | "message"> {
  if (spec.revoked) return { status: "False", reason: "Revoked", message: "it was revoked" };
  if (isExpired) return { status: "False", reason: "Expired", message: "its time is over" };
  if (named === undefined) {
    const message = `there is no Export ${spec.exportRef.name} in this namespace`;
    return { status: "False", reason: "ExportMissing", message };
  }
  return { status: "True", reason: "Active", message: "its export may be downloaded with it" };
}

/** `dependents` learns which grants are of which exports. */
export function createGrantController(
  { store, clock }: Pick<ControllerHome, "store" | "clock">,
  dependents: Dependents,
): Controller {
  return { reconcile };

  async function reconcile(key: ResourceKey, signal: AbortSignal): Promise<number | undefined> {
    const grant = await store.get("DownloadGrant", key, signal);
    if (grant === undefined) {
      dependents.set(keyText(key), []);
      return undefined;
    }
    const named = { namespace: key.namespace, name: grant.spec.exportRef.name };
    dependents.set(keyText(key), [{ kind: "Export", ...named }]);
    const step = decideGrant(grant, await store.get("Export", named, signal), clock.now());
    switch (step.kind) {
      case "wait until":
        return step.time;
      case "delete":
        await store.delete("DownloadGrant", grant.metadata, signal);
        return undefined;
      case "set status":
        await store.updateStatus("DownloadGrant", { ...grant, status: step.status }, signal);
        return clock.now();
    }
  }
}
