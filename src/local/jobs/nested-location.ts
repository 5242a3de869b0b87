/** One export must not lie inside another: removing or tidying that one would take this one with it. */
import { statSync } from "node:fs";
import { dirname, join } from "node:path";
import { LongshoreError } from "../../domain/errors.ts";

/** What the folder of an export has from its first moment to its last. */
const marks = ["plan.json", "tmp/request.json", "manifest.json"];

/** Throws LocationOccupied where a folder above the location is an export's. */
export function refuseNestedLocation(location: string): void {
  for (let folder = dirname(location); folder !== dirname(folder); folder = dirname(folder)) {
    if (!marks.some((mark) => isFile(join(folder, mark)))) continue;
    throw new LongshoreError("LocationOccupied", `${location} lies inside the export ${folder}`);
  }
}

/** A folder of that name is no record: it may be that of an export which is called so. */
const isFile = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isFile() === true;
