/** The entity tags of downloads. */
import { sha256 } from "../digest.ts";

/** A strong entity tag (RFC 9110 section 8.8.3) of bytes that these facts determine, and nothing else does. */
export function entityTag(...facts: readonly (string | number)[]): string {
  return `"${sha256(JSON.stringify(facts)).slice(0, 32)}"`;
}
