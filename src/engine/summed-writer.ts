/** Counts and hashes bytes on their way into the destination. */
import { createHash } from "node:crypto";
import type { ObjectWriter } from "../domain/ports/destination.ts";

export interface SummedWriter {
  /** Bytes so far. */
  readonly size: number;
  readonly write: (bytes: Uint8Array) => void;
  /** What was written; no more comes. */
  finish(): { readonly size: number; readonly sha256: string };
}

export function summedWriter(writer: ObjectWriter): SummedWriter {
  const hash = createHash("sha256");
  let size = 0;
  return {
    get size() {
      return size;
    },
    write: (bytes) => {
      hash.update(bytes);
      writer.write(bytes);
      size += bytes.length;
    },
    finish: () => ({ size, sha256: hash.digest("hex") }),
  };
}
