import type { Destination } from "../../domain/ports/destination.ts";

/** Removes what only the making of the export needed. */
export async function cleanUp(destination: Destination, signal: AbortSignal): Promise<void> {
  for (const folder of ["attempts", "index", "tmp"]) await destination.removeAll(folder, signal);
}
