/** The parts of an archive and where each lies in it. */
import { LongshoreError } from "../../domain/errors.ts";
import type { OpenManifest } from "../reading/open-export.ts";

export interface ArchivePart {
  readonly number: number;
  readonly object: string;
  readonly offset: number;
  readonly size: number;
  readonly sha256: string;
}

export interface Archive {
  readonly parts: readonly ArchivePart[];
  readonly size: number;
  readonly manifestSha256: string;
}

/** Throws NoArchive, or Damaged where the sizes are beyond all bounds. */
export function archiveOf({ manifest, manifestSha256 }: OpenManifest, subject: string): Archive {
  if (manifest.format === "files")
    throw new LongshoreError(
      "NoArchive",
      `${subject}: the export keeps files as they are and has no archive`,
      {
        hint: "download its files one by one, by /files/{path} in place of the archive's name",
      },
    );
  let offset = 0;
  const parts = manifest.parts.map(({ number, object, size, sha256 }) => {
    const part = { number, object, offset, size, sha256 };
    offset += size;
    return part;
  });
  if (!Number.isSafeInteger(offset))
    throw new LongshoreError("Damaged", `${subject}: the parts of the manifest are larger than any archive`);
  return { parts, size: offset, manifestSha256 };
}
