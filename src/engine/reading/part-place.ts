/** Where the bytes of a part lie: an object of their own, or a piece of the archive that is one object of a store. */
import { byteStringOfText } from "../../domain/byte-string.ts";
import type { Manifest, ManifestPart } from "../../domain/manifest.ts";
import { archiveObject } from "../../domain/part.ts";

export interface PartPlace {
  /** Byte string. */
  readonly object: string;
  /** Of the part's first byte in it. */
  readonly offset: number;
}

export function placeOfPart(
  manifest: { readonly run: Pick<Manifest["run"], "archive"> },
  part: Pick<ManifestPart, "object" | "offset">,
): PartPlace {
  if (part.object !== archiveObject) return { object: byteStringOfText(part.object), offset: 0 };
  return { object: byteStringOfText(manifest.run.archive?.object ?? ""), offset: part.offset ?? 0 };
}
