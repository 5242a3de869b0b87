/** The locations that a spec's places mean. */
import { joinLocation, parseBucketLocation } from "../location.ts";
import { formatVolumeLocation } from "../volume-location.ts";
import type { ExportDestinationSpec } from "./export-destination.ts";

type NamedPlace = Pick<ExportDestinationSpec, "directory" | "bucket" | "volume">;

/**
 * As the person wrote it: a path or a URL, or of a volume of that namespace its pvc:// location. Undefined where the spec names
 * no place itself.
 */
export function locationOf(
  { directory, bucket, volume }: NamedPlace,
  { namespace }: { readonly namespace: string },
): string | undefined {
  if (volume === undefined) return directory?.path ?? bucket?.url;
  return formatVolumeLocation({ namespace, claim: volume.claimName, path: volume.path ?? "" });
}

/** Where an export lies in a place: `<place>/<namespace>/<name>`. Whether that may be used, and is not too long, is for `Places` to say. */
export function exportLocation(
  place: string,
  { namespace, name }: { readonly namespace: string; readonly name: string },
): string {
  // A path is taken as it is: what it means is for those to say who resolve it.
  if (parseBucketLocation(place) === undefined) return `${place}/${namespace}/${name}`;
  return joinLocation(place, `${namespace}/${name}`);
}
