/** Removes a prepared export, if it is that of the owner who asks. Whoever is cut off does it again from the start. */
import {
  differencesName,
  indexName,
  manifestName,
  pageTableName,
  planName,
  requestName,
  signatureName,
  statementName,
  sumsName,
} from "../../domain/record-names.ts";
import { rmdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { z } from "zod";
import { hasCode, undefinedIf } from "../../domain/errors.ts";
import { parseBucketLocation } from "../../domain/location.ts";
import { isOwner } from "../../domain/plan.ts";
import type { Destination } from "../../domain/ports/destination.ts";
import type { OwnedPlace } from "../../domain/ports/job-runner.ts";

/** Everything that a finished export has beside its plan. */
const records = [statementName, signatureName, sumsName, differencesName, indexName, pageTableName];
const folders = ["parts", "files", "receipts", "plan", "index", "attempts"];

/**
 * The manifest goes first, so that what is half removed is never taken for whole, and what names the owner goes last, so
 * that it can be gone on with. Others' exports stay, and none is no error. In a folder, what others put there stays as well;
 * of a bucket everything below the prefix goes, with all uploads that never ended, for nothing else was there at the begin.
 * Throws LocationBusy where somebody works on it, and the destination's errors.
 */
export async function removeExportData(
  place: OwnedPlace,
  destination: Destination,
  holder: string,
  signal: AbortSignal,
): Promise<void> {
  const isBucket = parseBucketLocation(place.location) !== undefined;
  if (isBucket && !(await isThere(destination, signal))) return;
  const first = await ownerOf(destination, signal);
  if (first !== undefined && isOwner(place.owner, first.owner)) {
    await using _lock = await lockIfRoom(destination, holder, signal);
    const owned = await ownerOf(destination, signal);
    if (owned !== undefined && isOwner(place.owner, owned.owner))
      await (isBucket
        ? removeEverything(destination, owned.record, signal)
        : removeRecords(destination, signal));
  }
  if (!isBucket) removeEmptyFolders(place.location);
}

/**
 * Whether there is a bucket; one that is gone took everything with it. Listing it is asked first because a store that refuses
 * says why then, which it can't where it is asked for a size.
 */
async function isThere(bucket: Destination, signal: AbortSignal): Promise<boolean> {
  try {
    await bucket.prepare(signal);
    return true;
  } catch (error) {
    if (hasCode(error, "BucketNotFound")) return false;
    throw error;
  }
}

/** A lock takes a little room, and where there is none left, removing is what makes some. */
async function lockIfRoom(
  destination: Destination,
  holder: string,
  signal: AbortSignal,
): Promise<AsyncDisposable | undefined> {
  return destination.lock?.(holder, signal).catch(undefinedIf("DestinationFull"));
}

async function removeRecords(destination: Destination, signal: AbortSignal): Promise<void> {
  await destination.remove(manifestName, signal);
  await destination.flush([""], signal);
  for (const record of records) await destination.remove(record, signal);
  for (const folder of folders) await destination.removeAll(folder, signal);
  await destination.removeAll("tmp", signal);
  await destination.remove(planName, signal);
  await destination.flush([""], signal);
}

/** `kept` is the record that names the owner. */
async function removeEverything(destination: Destination, kept: string, signal: AbortSignal): Promise<void> {
  await destination.remove(manifestName, signal);
  await removeBut(destination, "", kept, signal);
  await destination.removeAll("", signal);
}

/** Everything below a folder, "" or ending in "/", but one object. */
async function removeBut(
  destination: Destination,
  folder: string,
  kept: string,
  signal: AbortSignal,
): Promise<void> {
  let last: string | undefined;
  for await (const { name } of destination.list(folder, signal)) {
    const slash = name.indexOf("/", folder.length);
    const child = slash < 0 ? name : name.slice(0, slash + 1);
    // A key that begins with a slash has no folder of its own: it goes with the rest.
    if (child === last || child === kept || child === "/") continue;
    last = child;
    if (slash < 0) await destination.remove(name, signal);
    else if (kept.startsWith(child)) await removeBut(destination, child, kept, signal);
    else await destination.removeAll(child.slice(0, -1), signal);
  }
}

const OwnedRequest = z.object({ owner: z.string() });
const OwnedPlan = z.object({ request: OwnedRequest });

interface Owned {
  readonly owner: string;
  /** Name of the record that says so. */
  readonly record: string;
}

async function ownerOf(destination: Destination, signal: AbortSignal): Promise<Owned | undefined> {
  const plan = OwnedPlan.safeParse(await readJson(destination, planName, signal));
  if (plan.success) return { owner: plan.data.request.owner, record: planName };
  const request = OwnedRequest.safeParse(await readJson(destination, requestName, signal));
  return request.success ? { owner: request.data.owner, record: requestName } : undefined;
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
