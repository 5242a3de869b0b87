/** Which places exports of a cluster may name: volumes by their claims, and buckets with credentials by reference. */
import { LongshoreError } from "../../domain/errors.ts";
import { formatBucketLocation, parseBucketLocation } from "../../domain/location.ts";
import type { Place, Places } from "../../domain/ports/places.ts";
import { formatVolumeLocation, parseVolumeLocation } from "../../domain/volume-location.ts";

/**
 * What a location leads to is the API server's and the pod's business: who may use a claim or a Secret is decided when the
 * Export is admitted, and links out of a volume are refused where it is mounted. Nothing is asked here.
 */
export const clusterPlaces: Places = {
  source: async (location) => placeOf(location, "spec.source.directory"),
  destination: async (location) =>
    placeOf(location, "the directory of the destination", (prefix) => prefix.replace(/\/+$/, "")),
};

/** Every location says itself how it is reached; the pod adds where its Secret is mounted. */
function placeOf(
  location: string,
  member: string,
  spelled: (prefix: string) => string = (prefix) => prefix,
): Place {
  const known = volumeOf(location) ?? bucketOf(location, spelled);
  if (known !== undefined) return { location: known, reached: known };
  throw new LongshoreError(
    "PlaceNotAllowed",
    `${member} is a folder of one machine, and a cluster has none`,
    {
      hint: "name a volume by its claim, or a bucket",
    },
  );
}

function volumeOf(location: string): string | undefined {
  const volume = parseVolumeLocation(location);
  return volume && formatVolumeLocation(volume);
}

function bucketOf(location: string, spelled: (prefix: string) => string): string | undefined {
  const bucket = parseBucketLocation(location);
  if (bucket === undefined) return undefined;
  if (bucket.parameters["credentials"] === undefined)
    return formatBucketLocation({ ...bucket, prefix: spelled(bucket.prefix) });
  throw new LongshoreError("PlaceNotAllowed", "a bucket's url may not name a file with credentials", {
    hint: "name a Secret in credentialsSecretRef",
  });
}
