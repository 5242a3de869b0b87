/** Clears away what only the making of an export needs. */
import type { Destination } from "../../domain/ports/destination.ts";
import { allEnded } from "../all-ended.ts";

/** What only the making of an export needs, by the names that we give. */
const ours = [
  /^attempts\/\d{8}\.\d+$/,
  /^index\/\d{8}-[0-9a-f]{16}\.(?:jsonl\.zst|differences\.jsonl)$/,
  /^tmp\/(?:holder|request\.json|[0-9a-f-]{36}|\d{8}\.[^/]+|\d+\.reuse\.[^/]+|plan\.\d+[^/]*|finalize\.[^/]+|restore\.[^/]+|(?:repair|plan)\/.+)$/,
];

export function isWorkFile(name: string): boolean {
  return ours.some((pattern) => pattern.test(name));
}

/** Removes what only the making of the export needed, and nothing that somebody else put there. */
export async function cleanUp(destination: Destination, signal: AbortSignal): Promise<void> {
  await allEnded(["attempts", "index", "tmp"].map((folder) => cleanUpFolder(destination, folder, signal)));
}

async function cleanUpFolder(destination: Destination, folder: string, signal: AbortSignal): Promise<void> {
  let isAllOurs = true;
  for await (const { name } of destination.list(`${folder}/`, signal)) isAllOurs &&= isWorkFile(name);
  if (isAllOurs) return destination.removeAll(folder, signal);
  for await (const { name } of destination.list(`${folder}/`, signal)) {
    if (isWorkFile(name)) await destination.remove(name, signal);
  }
}

/** Whether a process was killed between its last record and its tidying up. */
export async function hasWorkFiles(destination: Destination, signal: AbortSignal): Promise<boolean> {
  for (const prefix of ["tmp/", "attempts/", "index/"]) {
    for await (const { name } of destination.list(prefix, signal)) if (isWorkFile(name)) return true;
  }
  return false;
}
