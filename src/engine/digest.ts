/** The digest that exports prove themselves with. */
import { createHash } from "node:crypto";

/** Lower-case hex SHA-256 (FIPS 180-4). */
export function sha256(bytes: Uint8Array | string): string {
  return createHash("sha256").update(bytes).digest("hex");
}
