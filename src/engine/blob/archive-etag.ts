/** The entity tag of the joined archive: one and the same in HTTP, in statuses and in what the command line prints. */
import type { Manifest } from "../../domain/manifest.ts";
import { entityTag } from "./entity-tag.ts";

/** What may stand between the quotes (RFC 9110 section 8.8.3): a manifest may come from anybody. */
const tagText = /^[\x21\x23-\x7e]{1,256}$/;

/** With its quotes: that of the store where the archive is one object there, else one made of the parts' bytes. */
export function archiveEtag({ parts, run }: Pick<Manifest, "parts" | "run">): string {
  const stored = run.archive?.etag;
  if (stored !== undefined && tagText.test(stored)) return `"${stored}"`;
  return entityTag("archive", ...parts.map((part) => part.sha256));
}
