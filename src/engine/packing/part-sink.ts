import { createHash } from "node:crypto";
import type { ObjectWriter } from "../../domain/ports/destination.ts";

/** Counts and hashes a part's stored bytes on their way into the destination. */
export interface PartSink {
  readonly write: (bytes: Uint8Array) => void;
  finish(): { readonly size: number; readonly sha256: string };
}

export function createPartSink(writer: ObjectWriter): PartSink {
  const hash = createHash("sha256");
  let size = 0;
  return {
    write: (bytes) => {
      hash.update(bytes);
      writer.write(bytes);
      size += bytes.length;
    },
    finish: () => ({ size, sha256: hash.digest("hex") }),
  };
}
