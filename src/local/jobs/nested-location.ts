/** One export must not lie inside another: removing or tidying that one would take this one with it. */
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { LongshoreError } from "../../domain/errors.ts";

/** What the folder of an export has from its first moment to its last. */
const marks = ["plan.json", "tmp/request.json", "manifest.json"];

/** Throws LocationOccupied where a folder above the location is an export's. */
export function refuseNestedLocation(location: string): void {
  for (let folder = dirname(location); folder !== dirname(folder); folder = dirname(folder)) {
    if (!marks.some((mark) => existsSync(join(folder, mark)))) continue;
    throw new LongshoreError("LocationOccupied", `${location} lies inside the export ${folder}`);
  }
}
