/** Reads a range of an object whole; only for ranges whose length somebody checked. */
import type { Destination } from "../../domain/ports/destination.ts";
import { damaged } from "./document.ts";

export interface ObjectRange {
  readonly name: string;
  readonly offset: number;
  readonly length: number;
}

/** Exactly the bytes asked for; throws Damaged where the object ends before. */
export async function readRange(
  destination: Destination,
  range: ObjectRange,
  signal: AbortSignal,
): Promise<Buffer> {
  const { name, offset, length } = range;
  const bytes = Buffer.allocUnsafe(length);
  let filled = 0;
  for await (const chunk of destination.read(name, { offset, length }, signal)) {
    if (filled + chunk.length > length)
      throw damaged(destination, `${name} gave more bytes than were asked for`);
    bytes.set(chunk, filled);
    filled += chunk.length;
  }
  if (filled < length) throw damaged(destination, `${name} ends at byte ${offset + filled}, too early`);
  return bytes;
}
