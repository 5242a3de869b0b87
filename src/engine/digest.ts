import { createHash } from "node:crypto";

/** Lower-case hex SHA-256 (FIPS 180-4). */
export function sha256(bytes: Uint8Array | string): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** Longest object that is read whole: records and fragments, never parts. */
export function concat(chunks: readonly Uint8Array[]): Uint8Array {
  const [first] = chunks;
  return chunks.length === 1 && first !== undefined ? first : Buffer.concat(chunks);
}
