/** Packs one part again in a folder of its own, where it disturbs nothing that is there. */
import { LongshoreError } from "../../domain/errors.ts";
import { joinLocation } from "../../domain/location.ts";
import { number8, receiptName, type PlannedPart } from "../../domain/part.ts";
import type { Destination } from "../../domain/ports/destination.ts";
import type { Receipt } from "../../domain/receipt.ts";
import type { ExportWork } from "../exporting/export-call.ts";
import { makePartSafe } from "../packing/make-part-safe.ts";
import { readReceipt } from "../receipts.ts";

export async function packAside(
  work: ExportWork,
  part: PlannedPart,
  signal: AbortSignal,
): Promise<{ scratch: Destination; made: Receipt }> {
  const { call, home, source, destination } = work;
  const scratch = await home.drivers.openDestination(
    joinLocation(call.location, `tmp/repair/${number8(part.number)}`),
    call.scratch,
  );
  await scratch.prepare(signal);
  await scratch.copyFrom?.(destination, part.page.object, part.page.object, signal);
  // A zip's last piece of a split file needs what the receipts of the pieces before it say.
  for (let number = part.number - 1; part.startsInside && number >= 0; number--) {
    await scratch.remove(receiptName(number), signal);
    await scratch.copyFrom?.(destination, receiptName(number), receiptName(number), signal);
    const before = await readReceipt(scratch, number, signal);
    if (before?.startsInside !== true) break;
  }
  const context = {
    source,
    destination: scratch,
    format: await home.drivers.format(call.options.format),
    options: call.options,
    clock: home.clock,
    resumed: false,
    newId: home.newId,
    openDestination: home.drivers.openDestination,
    onProgress: () => undefined,
  };
  const { safe } = await makePartSafe(context, { part }, signal);
  await safe;
  const made = await readReceipt(scratch, part.number, signal);
  if (made === undefined)
    throw new LongshoreError(
      "DestinationFailed",
      `${receiptName(part.number)} vanished from ${scratch.location}`,
    );
  return { scratch, made };
}
