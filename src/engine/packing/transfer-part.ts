/** Moves the stored bytes of a part of an earlier export through us, where the store can't make the copy by itself. */
import { createHash } from "node:crypto";
import type { ReusablePart } from "../../domain/pack-task.ts";
import { number8, type PlannedPart } from "../../domain/part.ts";
import type { Destination } from "../../domain/ports/destination.ts";
import type { Receipt } from "../../domain/receipt.ts";
import type { PackContext } from "./context.ts";
import { openPartOutput } from "./part-output.ts";

export interface TransferredPart {
  readonly previous: Destination;
  readonly old: Receipt;
  readonly stored: ReusablePart["stored"];
}

/** What a receipt says of the part as it is stored now; undefined where the old bytes are not what the old receipt says. */
export async function transferPart(
  context: PackContext,
  part: PlannedPart,
  { previous, old, stored }: TransferredPart,
  signal: AbortSignal,
): Promise<Pick<Receipt, "object" | "size" | "sha256" | "sent" | "frames"> | undefined> {
  const { format } = context;
  if (format.layout === "files") return undefined;
  const temporary = `tmp/${number8(part.number)}.reuse`;
  await using output = await openPartOutput(context, { number: part.number, format, temporary }, signal);
  const padded = old.frames.at(-1);
  const padding = padded?.[1] === 0 ? padded[0] : 0;
  const wanted = old.size - padding;
  const hash = createHash("sha256");
  let done = 0;
  for await (const chunk of previous.read(
    stored.object,
    { offset: stored.offset, length: old.size },
    signal,
  )) {
    hash.update(chunk);
    // What filled it up there is left out: here it may need more of that, or none.
    const content = chunk.subarray(0, Math.max(0, wanted - done));
    if (content.length > 0) output.write(content);
    done += chunk.length;
  }
  if (done !== old.size || hash.digest("hex") !== old.sha256) return undefined;
  const { padding: added, ...finished } = output.finish();
  await output.commit(finished.object);
  const sent = await output.flush();
  const frames = padding === 0 ? old.frames : old.frames.slice(0, -1);
  return {
    ...finished,
    ...(sent === undefined ? undefined : { sent }),
    frames: added === undefined ? frames : [...frames, added],
  };
}
