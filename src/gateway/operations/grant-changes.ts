/** Changing and deleting a grant, which may end downloads that are under way. */
import type { NewAuditRecord } from "../../domain/ports/audit-log.ts";
import type { ResourceKey } from "../../domain/ports/export-store.ts";
import type { DownloadGrant } from "../../domain/resources/resource.ts";
import type { GatewayDependencies } from "../dependencies.ts";
import { etagOf } from "../http/etag.ts";
import type { GatewayState } from "../state.ts";
import { withUsage } from "./grant-usage.ts";
import type { Answer } from "./operation.ts";
import { type DocumentPatch, patched } from "./patch-document.ts";
import { changeResource, existing } from "./resources.ts";

interface GrantKey extends ResourceKey {
  /** Throws where it is not the grant that is meant. */
  readonly check: (grant: DownloadGrant) => void;
}

export interface GrantChanges {
  patch(
    change: GrantKey & { readonly ifMatch: string | undefined; readonly patch: DocumentPatch },
    signal: AbortSignal,
  ): Promise<Answer>;
  delete(key: GrantKey, signal: AbortSignal): Promise<Answer>;
}

const kind = "DownloadGrant";

export function grantChanges(
  { store, grantUsage }: Pick<GatewayDependencies, "store" | "grantUsage">,
  { running }: Pick<GatewayState, "running">,
): GrantChanges {
  const answer = (grant: DownloadGrant, action: NewAuditRecord["action"]): Answer => {
    const { namespace, name, uid, resourceVersion } = grant.metadata;
    return {
      status: 200,
      headers: { ETag: etagOf(resourceVersion) },
      body: withUsage(grant, grantUsage),
      record: { action, kind, namespace, name, uid },
    };
  };
  return {
    patch: async ({ namespace, name, check, ifMatch, patch }, signal) => {
      let wasRevoked = false;
      const become = (before: DownloadGrant): DownloadGrant => {
        check(before);
        wasRevoked = before.spec.revoked;
        return patched(kind, before, patch);
      };
      const after = await changeResource(store, { kind, key: { namespace, name }, ifMatch, become }, signal);
      if (after.spec.revoked) running.end(after.metadata.uid);
      return answer(after, after.spec.revoked && !wasRevoked ? "revoke" : "update");
    },
    delete: async ({ namespace, name, check }, signal) => {
      const before = await existing(store, kind, { namespace, name }, signal);
      check(before);
      const { uid } = before.metadata;
      const last = answer(await store.delete(kind, { namespace, name, uid }, signal), "delete");
      running.end(uid);
      grantUsage.forget(uid);
      return last;
    },
  };
}
