/** Whether an export may lie where it is to lie. */
import { LongshoreError } from "../../domain/errors.ts";
import { isWithin } from "../../domain/location.ts";

/** An export must not lie in what it exports: it would never end. Both locations are real paths, or URLs. */
export function checkPlaces(source: string, destination: string): void {
  if (!isWithin(destination, source)) return;
  throw new LongshoreError(
    "DestinationInsideSource",
    `the export would lie in ${destination}, inside its source ${source}`,
  );
}
