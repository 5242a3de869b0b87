/** Reads the plan lines of a part. */
import { planName } from "../../domain/record-names.ts";
import { createHash } from "node:crypto";
import { LongshoreError } from "../../domain/errors.ts";
import type { PlannedPart } from "../../domain/part.ts";
import type { Destination } from "../../domain/ports/destination.ts";
import { readLines } from "../lines.ts";

/** The part's plan lines, in batches. Throws Damaged at the latest at the end, so nothing packed from a wrong page is kept. */
export async function* readPlanPage(
  destination: Destination,
  part: PlannedPart,
  signal: AbortSignal,
): AsyncGenerator<string[]> {
  const { object, size, sha256 } = part.page;
  const hash = createHash("sha256");
  const subject = `${object} in ${destination.location}`;
  const stored = async function* (): AsyncGenerator<Uint8Array> {
    for await (const chunk of destination.read(object, { offset: 0, length: size }, signal)) {
      hash.update(chunk);
      yield chunk;
    }
  };
  yield* readLines(stored(), subject, signal);
  if (hash.digest("hex") !== sha256)
    throw new LongshoreError("Damaged", `${subject} is not what ${planName} says`);
}
