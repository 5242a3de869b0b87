/** Opens places in mounted volumes: known by the location of the claim, and never outside of the mount. */
import { realpathSync } from "node:fs";
import { normalize } from "node:path";
import { LongshoreError } from "../domain/errors.ts";
import { isWithin } from "../domain/location.ts";
import { mountOf } from "../domain/mount-way.ts";
import type { Destination } from "../domain/ports/destination.ts";
import type { Source } from "../domain/ports/source.ts";
import { openFilesystemDestination } from "../drivers/destinations/filesystem.ts";
import { openFilesystemSource } from "../drivers/sources/filesystem.ts";

/** Throws PlaceNotAllowed where a link in the volume leads out of it, SourceNotFound, SourceUnreadable. */
export function openMountedSource(location: string, reached: string): Source {
  const source = openFilesystemSource(normalize(reached));
  return { ...source, location: seenAs(location, reached)(source.location) };
}

/** Throws PlaceNotAllowed. */
export const openMountedDestination = (location: string, reached: string): Destination =>
  openFilesystemDestination(normalize(reached), seenAs(location, reached));

/** A link in a volume can name any path of the container, its credentials among them: what is really opened counts. */
function seenAs(location: string, reached: string): (path: string) => string {
  return (path) => {
    const mount = mountOf(reached);
    if (mount !== undefined && isWithin(path, realpathSync(mount))) return location;
    throw new LongshoreError("PlaceNotAllowed", `${location} leads out of its volume by a symbolic link`, {
      hint: "name the folder itself",
    });
  };
}
