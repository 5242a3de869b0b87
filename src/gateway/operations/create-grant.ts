/** Makes a grant and its URL, and makes the URL again for who has lost the answer. */
import { createHash } from "node:crypto";
import { LongshoreError } from "../../domain/errors.ts";
import type { NewResource } from "../../domain/ports/export-store.ts";
import { requestAnnotation } from "../../domain/ports/idempotency.ts";
import type { GrantRequest } from "../../domain/resources/download-grant.ts";
import { apiVersion, type DownloadGrant, type Export } from "../../domain/resources/resource.ts";
import type { GatewayDependencies } from "../dependencies.ts";
import { formatOfSpec } from "../../domain/resources/export-format.ts";
import type { GatewayState } from "../state.ts";
import { createOnce } from "./resources.ts";

export interface GrantHome {
  readonly dependencies: Pick<GatewayDependencies, "store" | "clock" | "downloadsUrl" | "newId">;
  readonly state: Pick<GatewayState, "grants" | "grantTokens">;
}

export interface GrantWish {
  readonly of: Export;
  readonly request: GrantRequest;
  readonly requestId: string | undefined;
}

const kind = "DownloadGrant";
const longestName = 200;

/** The same wish with a request id makes one grant, however often it is repeated. */
export async function createGrant(
  { dependencies, state }: GrantHome,
  { of, request, requestId }: GrantWish,
  signal: AbortSignal,
): Promise<DownloadGrant> {
  const { store, clock, newId } = dependencies;
  const { namespace, name, uid } = of.metadata;
  const now = clock.now();
  const grant: NewResource<typeof kind> = {
    apiVersion,
    kind,
    metadata: {
      name: grantName(name, requestId ?? newId()),
      namespace,
      ...(requestId === undefined ? {} : { annotations: { [requestAnnotation]: requestId } }),
    },
    spec: { exportRef: { name }, ...request, revoked: false },
    status: {
      exportUid: uid,
      expirationTime: new Date(now + request.expiresInSeconds * 1000).toISOString(),
    },
  };
  const made = await createOnce(store, kind, grant, signal);
  state.grants.remember(made);
  return made;
}

/** The export's name and a part that nobody can guess, cut so that it stays a name. */
function grantName(exportName: string, id: string): string {
  const suffix = createHash("sha256").update(id).digest("hex").slice(0, 12);
  const stem = exportName.slice(0, longestName - suffix.length - 1).replace(/[^a-z0-9]+$/, "");
  return `${stem}-${suffix}`;
}

/** The document with the URL that downloads with it; the same grant gives the same URL until the key is rotated. */
export async function withUrl(
  { dependencies, state }: GrantHome,
  grant: DownloadGrant,
  of: Export,
): Promise<DownloadGrant & { readonly url: string }> {
  const { namespace, name, uid } = of.metadata;
  const exportUid = grant.status?.exportUid;
  if (exportUid !== uid)
    throw new LongshoreError("ResourceNotFound", "the export that the grant was made for is gone");
  // By the store's clock alone, so that the same grant has the same token whenever it is asked for.
  const issuedAt = Date.parse(grant.metadata.creationTimestamp);
  const token = await state.grantTokens.sign({
    grantUid: grant.metadata.uid,
    namespace,
    name,
    exportUid,
    issuedAt,
    expiresAt: issuedAt + grant.spec.expiresInSeconds * 1000,
  });
  const format = formatOfSpec(of.spec.format);
  const file = format === "files" ? "metalink" : `${name}.${format}`;
  return { ...grant, url: `${dependencies.downloadsUrl()}/d/${namespace}/${name}/${file}?grant=${token}` };
}
