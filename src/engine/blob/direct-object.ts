/** An object that is a download whole and as it is, so that its store can give it to a receiver by itself. */
import { displayName } from "../../domain/byte-string.ts";
import { damaged } from "../reading/document.ts";
import type { StoredBlob } from "./blob.ts";
import { openObject } from "./open-object.ts";
import type { ServedExport } from "./served-export.ts";

export interface DirectObject {
  /** A byte string. */
  readonly name: string;
  readonly size: number;
  /** The store's own, where the export says it. */
  readonly etag?: string | undefined;
}

/** Undefined where the destination makes no URLs for others. */
export function directObject(
  { opened: { destination }, shared: { seen } }: ServedExport,
  object: DirectObject,
): StoredBlob | undefined {
  const presign = destination.presign?.bind(destination);
  if (presign === undefined) return undefined;
  const { name, size, etag } = object;
  const key = JSON.stringify([destination.location, name, size, etag]);
  return {
    etag: destination.presignedHasEtag === true && etag !== undefined ? `"${etag}"` : undefined,
    presign: async (terms, signal) => {
      // Nobody of us will see the bytes, so what can be told without reading them is looked at first.
      if (!seen.has(key)) {
        await using found = await openObject(destination, object, signal);
        if (etag !== undefined && found.version !== undefined && found.version !== etag)
          throw damaged(destination, `${displayName(name)} is another object than the one that was made`);
        seen.add(key);
      }
      return presign(name, terms, signal);
    },
  };
}
