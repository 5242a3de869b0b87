import { createHash } from "node:crypto";
import type { Payload } from "../../../domain/ports/object-store.ts";

/** A small record to send; kept apart from the caller's buffer. */
export function payloadOf(bytes: Uint8Array, contentType: string): Payload {
  const own = Uint8Array.from(bytes);
  const sha256 = createHash("sha256").update(own).digest("hex");
  return { size: own.length, sha256, contentType, open: () => own };
}
