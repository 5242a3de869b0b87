import { createHash } from "node:crypto";
import { LongshoreError } from "../../domain/errors.ts";
import type { Destination } from "../../domain/ports/destination.ts";
import type { FileDigest } from "../../domain/receipt.ts";

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
    commit: async (name) => {
      const sha256 = hash.digest("hex");
      const object = typeof name === "string" ? name : name(sha256);
      await writer.commit(object);
      await writer.flush();
      return { object, size, sha256 };
    },
    [Symbol.asyncDispose]: () => writer[Symbol.asyncDispose](),
  };
}

/** Number of the part that an object of the export belongs to, or undefined where it is none's. */
export function partOfObject(name: string): number | undefined {
  const digits = /^(?:parts|receipts|plan|index|attempts)\/(\d{8})[-.]/.exec(name)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

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
