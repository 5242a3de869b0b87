/** The key that signs statements, from its file. */
import { readFileSync } from "node:fs";
import { LongshoreError } from "../domain/errors.ts";
import type { Signer } from "../engine/exporting/export-call.ts";
import { readSigner } from "../engine/exporting/statement.ts";

/** Throws InvalidKey. */
export function readSignKey(file: string): Signer {
  let pem: string;
  try {
    pem = readFileSync(file, "utf8");
  } catch (cause) {
    throw new LongshoreError("InvalidKey", `the key ${file} can't be read`, { cause });
  }
  return readSigner(pem, file);
}
