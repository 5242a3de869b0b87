/** What makes two parts equal. */
import { createHash, type Hash } from "node:crypto";
import { formatVersion, type FormatName } from "../../domain/export-options.ts";

/** Begins a part's key: SHA-256 over format version, format and level, then the part's plan lines. */
export function beginKey(format: FormatName, level: number): Hash {
  return createHash("sha256").update(`longshore part ${formatVersion}\n${format}\n${level}\n`);
}
