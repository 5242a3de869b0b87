/** Copies what a part has of a joined record. */
import { createHash } from "node:crypto";
import { LongshoreError } from "../../domain/errors.ts";
import type { Destination } from "../../domain/ports/destination.ts";
import type { FileDigest } from "../../domain/receipt.ts";
import type { JoinedObject } from "./joined-object.ts";

export interface Fragment extends FileDigest {
  /** Its bytes, where somebody has read them already. */
  readonly fetched?: readonly Uint8Array[] | undefined;
}

/** Copies a fragment and yields its bytes; throws Damaged at its end where they are not what the receipt says. */
export async function* copyFragment(
  destination: Destination,
  fragment: Fragment,
  into: JoinedObject,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const hash = createHash("sha256");
  const range = { offset: 0, length: fragment.size };
  for await (const chunk of fragment.fetched ?? destination.read(fragment.object, range, signal)) {
    hash.update(chunk);
    into.write(chunk);
    yield chunk;
  }
  if (hash.digest("hex") !== fragment.sha256) {
    throw new LongshoreError(
      "Damaged",
      `${fragment.object} in ${destination.location} is not what its receipt says`,
    );
  }
}
