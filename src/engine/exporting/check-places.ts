import { LongshoreError } from "../../domain/errors.ts";

/** An export must not lie in what it exports: it would never end. Both locations are real paths, or URLs. */
export function checkPlaces(source: string, destination: string): void {
  const below = source.endsWith("/") ? source : `${source}/`;
  if (destination !== source && !destination.startsWith(below)) return;
  throw new LongshoreError(
    "DestinationInsideSource",
    `the export would lie in ${destination}, inside its source ${source}`,
  );
}
