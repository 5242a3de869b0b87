/** Who may download what: whoever has an API token of a role that may, or a grant of this very export. */
import { LongshoreError } from "../../domain/errors.ts";
import type { ExportStore } from "../../domain/ports/export-store.ts";
import type { GrantUsage } from "../../domain/ports/grant-usage.ts";
import type { Identity } from "../../domain/ports/identity.ts";
import { quantityBytes } from "../../domain/resources/quantity-field.ts";
import type { DownloadGrant, Export } from "../../domain/resources/resource.ts";
import type { GatewayState } from "../state.ts";
import { bearerOf, longestCredential } from "./bearer.ts";
import { authenticate, authorize, type Caller } from "./caller.ts";
import { type GrantClaims, looksLikeGrant } from "./grant-token.ts";

export interface DownloadHome {
  readonly store: ExportStore;
  readonly identity: Identity;
  readonly usage: Pick<GrantUsage, "served">;
  readonly state: Pick<GatewayState, "grants" | "grantTokens">;
}

export interface DownloadCredential {
  readonly authorization: string | undefined;
  /** `grant` of the query. */
  readonly grant: string | undefined;
}

/** Who asks: nothing but the credential itself was looked at. */
export type Downloader =
  | { readonly caller: Required<Caller> }
  | { readonly caller: Caller; readonly claims: GrantClaims; readonly token: string };

/**
 * The bearer if there is one, else the grant of the query; an empty Authorization counts as none.
 * Throws Unauthenticated, GrantInvalid, GrantExpired; no message repeats the credential.
 */
export async function identifyDownloader(
  { identity, state }: DownloadHome,
  { authorization, grant }: DownloadCredential,
  signal: AbortSignal,
): Promise<Downloader> {
  const bearer = bearerOf(authorization);
  if (bearer !== undefined && !looksLikeGrant(bearer))
    return { caller: await authenticate(identity, authorization, signal) };
  const token = bearer ?? grant ?? "";
  if (token === "")
    throw new LongshoreError("Unauthenticated", "the request has neither a grant nor a token", {
      hint: "use the whole URL that you were given, with its grant",
    });
  if (token.length > longestCredential) throw new LongshoreError("GrantInvalid", "the grant is not valid");
  const claims = await state.grantTokens.verify(token);
  return { caller: { actor: `grant:${claims.grantUid}` }, claims, token };
}

export interface DownloadPermission {
  readonly resource: Export;
  readonly grant?: PermittingGrant;
}

export interface PermittingGrant {
  readonly uid: string;
  /** That it allows in all. */
  readonly maxBytes: number | undefined;
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
  readonly token: string;
}

/**
 * The export, if it is this one's to download. Throws Forbidden for another export's grant or a role that may not,
 * GrantInvalid, GrantRevoked, GrantExhausted, ResourceNotFound.
 */
export async function permitDownload(
  home: DownloadHome,
  downloader: Downloader,
  target: { readonly namespace: string; readonly name: string },
  signal: AbortSignal,
): Promise<DownloadPermission> {
  if (!("claims" in downloader)) {
    authorize(downloader.caller, "download");
    return { resource: await existingExport(home.store, target, signal) };
  }
  const { claims, token } = downloader;
  if (claims.namespace !== target.namespace || claims.name !== target.name)
    throw new LongshoreError("Forbidden", "the grant is for another export", {
      hint: "use the URL that you were given as it is",
    });
  const grant = await home.state.grants.find(claims.namespace, claims.grantUid, signal);
  checkStanding(grant, claims);
  const resource = await existingExport(home.store, target, signal);
  if (resource.metadata.uid !== claims.exportUid)
    throw new LongshoreError("GrantInvalid", "the export that the grant was made for is gone");
  const { grantUid: uid, expiresAt } = claims;
  return { resource, grant: { uid, maxBytes: allowance(home, grant), expiresAt, token } };
}

/** Throws unless it still stands. */
function checkStanding(
  grant: DownloadGrant | undefined,
  claims: GrantClaims,
): asserts grant is DownloadGrant {
  if (grant === undefined) throw new LongshoreError("GrantInvalid", "the grant is not there any more");
  if (grant.spec.revoked || grant.metadata.deletionTimestamp !== undefined)
    throw new LongshoreError("GrantRevoked", "the grant was revoked");
  if (grant.spec.exportRef.name !== claims.name)
    throw new LongshoreError("GrantInvalid", "the grant is not valid");
}

/** Throws GrantExhausted where nothing is left of it. */
function allowance({ usage }: DownloadHome, { metadata, spec }: DownloadGrant): number | undefined {
  if (spec.maxBytes === undefined) return undefined;
  const maxBytes = quantityBytes(spec.maxBytes);
  if (usage.served(metadata.uid) >= maxBytes)
    throw new LongshoreError("GrantExhausted", "all bytes that the grant allows were downloaded");
  return maxBytes;
}

async function existingExport(
  store: ExportStore,
  target: { readonly namespace: string; readonly name: string },
  signal: AbortSignal,
): Promise<Export> {
  const resource = await store.get("Export", target, signal);
  if (resource === undefined || resource.metadata.deletionTimestamp !== undefined)
    throw new LongshoreError("ResourceNotFound", `there is no Export ${target.namespace}/${target.name}`);
  return resource;
}
