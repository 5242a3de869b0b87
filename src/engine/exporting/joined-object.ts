/** An object of the export that is made of pieces of its parts. */
import type { Destination } from "../../domain/ports/destination.ts";
import type { FileDigest } from "../../domain/receipt.ts";
import { summedWriter } from "../summed-writer.ts";

/** Writes one object piece by piece, hashing on the way; it becomes visible and durable at `commit`. */
export interface JoinedObject extends AsyncDisposable {
  readonly size: number;
  write(bytes: Uint8Array): void;
  /** `name` may depend on the digest. */
  commit(name: string | ((sha256: string) => string)): Promise<FileDigest>;
}

export async function createJoinedObject(
  destination: Destination,
  label: string,
  signal: AbortSignal,
): Promise<JoinedObject> {
  const writer = await destination.create(`tmp/finalize.${label}`, signal);
  const summed = summedWriter(writer);
  return {
    get size() {
      return summed.size;
    },
    write: summed.write,
    commit: async (name) => {
      const { size, sha256 } = summed.finish();
      const object = typeof name === "string" ? name : name(sha256);
      await writer.commit(object);
      await writer.flush();
      return { object, size, sha256 };
    },
    [Symbol.asyncDispose]: () => writer[Symbol.asyncDispose](),
  };
}
