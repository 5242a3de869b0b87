/** Whether the export behind a URL is still the one that a download began with. */
import { LongshoreError } from "../../domain/errors.ts";
import { fetchManifest } from "./fetch-manifest.ts";
import type { RemoteFile } from "./remote-file.ts";
import { besides, type Session } from "./session.ts";

/** Throws ExportReplaced where the manifest is another one; otherwise the tags alone have changed, and are forgotten. */
export async function assertSameExport(
  session: Session,
  { file, manifestSha256 }: { readonly file: RemoteFile; readonly manifestSha256: string },
  signal: AbortSignal,
): Promise<void> {
  const now = await fetchManifest(besides(session), signal);
  if (now.manifestSha256 !== manifestSha256)
    throw new LongshoreError(
      "ExportReplaced",
      `${session.server.target.shown}: the export was replaced by another one during the download`,
    );
  file.etag = undefined;
  file.storeEtag = undefined;
}
