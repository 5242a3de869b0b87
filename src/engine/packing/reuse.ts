/** Takes a part over from an earlier export whose key is equal, after hashing the old bytes. */
import { createHash, randomUUID } from "node:crypto";
import type { ReusablePart } from "../../domain/pack-task.ts";
import { indexFragmentName, type PlannedPart } from "../../domain/part.ts";
import type { Destination, ObjectWriter } from "../../domain/ports/destination.ts";
import type { Receipt } from "../../domain/receipt.ts";
import { readReceipt } from "../receipts.ts";
import { unlessDamaged } from "../unless-damaged.ts";
import type { PackContext } from "./context.ts";
import { holdsObject, isObjectName } from "./stored-object.ts";

/** The receipt to write, or undefined where the old part may not be trusted or is not there any more. */
export async function reusePart(
  context: PackContext,
  part: PlannedPart,
  reusable: ReusablePart,
  signal: AbortSignal,
): Promise<Receipt | undefined> {
  const { destination, format, clock } = context;
  // What was sent into an upload can't be taken out of it again.
  if (format.layout === "files" || context.upload !== undefined) return undefined;
  const startedAt = new Date(clock.now()).toISOString();
  const previous = await context.openDestination(reusable.location);
  const old = await readReceipt(previous, reusable.number, signal).catch(unlessDamaged);
  if (old === undefined || old.key !== part.key || !old.settled || old.differences.count > 0)
    return undefined;
  if (!isObjectName(old.object)) return undefined;
  const { size, sha256 } = old;
  if (!(await holdsObject(previous, { object: old.object, size, sha256 }, signal))) return undefined;

  const object = old.object.replace(/(?<=^parts\/)\d{8}/, String(part.number).padStart(8, "0"));
  const fragment = await copyIndexLines(
    previous,
    reusable,
    { destination, part, expected: old.index.fragment.sha256 },
    signal,
  ).catch(unlessDamaged);
  if (fragment === undefined) return undefined;
  if (!(await destination.copyFrom?.(previous, old.object, object, signal))) return undefined;
  return {
    ...old,
    number: part.number,
    object,
    settled: part.settled,
    index: { ...old.index, fragment },
    attempt: 0,
    adopted: false,
    reused: true,
    startedAt,
    finishedAt: new Date(clock.now()).toISOString(),
  };
}

/** The part's lines are one range of the old index; undefined where they are not what the old receipt says. */
async function copyIndexLines(
  previous: Destination,
  reusable: ReusablePart,
  into: { destination: Destination; part: PlannedPart; expected: string },
  signal: AbortSignal,
): Promise<Receipt["index"]["fragment"] | undefined> {
  const { destination, part, expected } = into;
  await using writer: ObjectWriter = await destination.create(`tmp/${randomUUID()}`, signal);
  const hash = createHash("sha256");
  const range = { offset: reusable.indexOffset, length: reusable.indexSize };
  for await (const chunk of previous.read("index.jsonl.zst", range, signal)) {
    hash.update(chunk);
    writer.write(chunk);
  }
  const sha256 = hash.digest("hex");
  if (sha256 !== expected) return undefined;
  const object = indexFragmentName(part.number, sha256);
  await writer.commit(object);
  await writer.flush();
  return { object, size: reusable.indexSize, sha256 };
}
