/** Removes a prepared export, if it is that of the owner who asks. Whoever is cut off does it again from the start. */
import { rmdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { z } from "zod";
import { LongshoreError } from "../../domain/errors.ts";
import type { Destination } from "../../domain/ports/destination.ts";
import type { OwnedPlace } from "../../domain/ports/job-runner.ts";

const planName = "plan.json";
const requestName = "tmp/request.json";

/** Everything that a finished export has beside its plan. */
const records = [
  "statement.json",
  "statement.json.sig",
  "SHA256SUMS",
  "differences.jsonl",
  "index.jsonl.zst",
  "index.pages.json",
];
const folders = ["parts", "files", "receipts", "plan", "index", "attempts"];

/**
 * The manifest goes first, so that what is half removed is never taken for whole, and what names the owner goes last, so
 * that it can be gone on with. Others' exports, and what others put into the folder, stay; none is no error.
 * Throws LocationBusy where somebody works on it, and the destination's errors.
 */
export async function removeExportData(
  place: OwnedPlace,
  destination: Destination,
  holder: string,
  signal: AbortSignal,
): Promise<void> {
  if ((await ownerOf(destination, signal)) === place.owner) {
    await using _lock = await lockIfRoom(destination, holder, signal);
    if ((await ownerOf(destination, signal)) === place.owner) await removeRecords(destination, signal);
  }
  removeEmptyFolders(place.location);
}

/** A lock takes a little room, and where there is none left, removing is what makes some. */
async function lockIfRoom(
  destination: Destination,
  holder: string,
  signal: AbortSignal,
): Promise<AsyncDisposable | undefined> {
  try {
    return await destination.lock(holder, signal);
  } catch (error) {
    if (error instanceof LongshoreError && error.code === "DestinationFull") return undefined;
    throw error;
  }
}

async function removeRecords(destination: Destination, signal: AbortSignal): Promise<void> {
  await destination.remove("manifest.json", signal);
  await destination.flush([""], signal);
  for (const record of records) await destination.remove(record, signal);
  for (const folder of folders) await destination.removeAll(folder, signal);
  await destination.removeAll("tmp", signal);
  await destination.remove(planName, signal);
  await destination.flush([""], signal);
}

const OwnedRequest = z.object({ owner: z.string() });
const OwnedPlan = z.object({ request: OwnedRequest });

async function ownerOf(destination: Destination, signal: AbortSignal): Promise<string | undefined> {
  const plan = OwnedPlan.safeParse(await readJson(destination, planName, signal));
  if (plan.success) return plan.data.request.owner;
  return OwnedRequest.safeParse(await readJson(destination, requestName, signal)).data?.owner;
}

/** Far beyond what the plan of the largest export takes. */
const longestRecord = 2 ** 27;

/** Undefined where there is none, and where what is there is no JSON: then it proves nothing. */
async function readJson(destination: Destination, name: string, signal: AbortSignal): Promise<unknown> {
  const size = await destination.size(name, signal);
  if (size === undefined || size > longestRecord) return undefined;
  const bytes = await destination.get(name, signal);
  try {
    return JSON.parse(new TextDecoder().decode(bytes)) as unknown;
  } catch {
    return undefined;
  }
}

/** The export's folder and its namespace's, which others may be using: only empty ones can be removed so. */
function removeEmptyFolders(location: string): void {
  for (const folder of [join(location, "tmp"), location, dirname(location)]) {
    try {
      rmdirSync(folder);
    } catch {
      // An empty folder that stays behind holds no data.
      continue;
    }
  }
}
