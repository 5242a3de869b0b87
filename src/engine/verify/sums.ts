/** SHA256SUMS must be, byte for byte, what the manifest makes of it. */
import { manifestName, sumsName } from "../../domain/record-names.ts";
import { byteStringOfText } from "../../domain/byte-string.ts";
import { sha256Sums } from "../../domain/sha256sums.ts";
import type { Index } from "../reading/index-pages.ts";
import { keptFiles } from "./kept-files.ts";
import type { Verification } from "./verification.ts";

export async function checkSums(
  { opened, log, onBytes }: Verification,
  index: Index | undefined,
  signal: AbortSignal,
): Promise<void> {
  const { destination, manifest, manifestSha256 } = opened;
  const object = sumsName;
  const size = await destination.size(object, signal);
  if (size === undefined) {
    log.add({ kind: "missing", object, message: "is missing" });
    return;
  }
  if (manifest.format === "files" && index === undefined) return;
  const files = index === undefined ? undefined : keptFiles(index, signal);
  const named = ({ object: name, sha256 }: { object: string; sha256: string }) => ({
    object: byteStringOfText(name),
    sha256,
  });
  const summed = {
    format: manifest.format,
    parts: manifest.parts.map(named),
    files: manifest.files.map(named),
    run: { archive: manifest.run.archive, files: manifest.run.files.map(named) },
  };
  const expected = sha256Sums(summed, manifestSha256, files);
  const stored = destination.read(object, { offset: 0, length: size }, signal);
  if (!(await sameBytes(expected, stored, onBytes)))
    log.add({ kind: "digest", object, message: `is not what ${manifestName} makes it` });
}

async function sameBytes(
  expected: AsyncIterable<Uint8Array>,
  stored: AsyncIterable<Uint8Array>,
  onBytes: (length: number) => void,
): Promise<boolean> {
  const theirs = new Stored(stored, onBytes);
  try {
    for await (const bytes of expected) if (!(await theirs.continues(bytes))) return false;
    return await theirs.isAtEnd();
  } finally {
    await theirs.close();
  }
}

/** What is stored, read as it is asked for. */
class Stored {
  readonly #chunks: AsyncIterator<Uint8Array>;
  readonly #onBytes: (length: number) => void;
  #rest: Uint8Array = new Uint8Array(0);

  constructor(stored: AsyncIterable<Uint8Array>, onBytes: (length: number) => void) {
    this.#chunks = stored[Symbol.asyncIterator]();
    this.#onBytes = onBytes;
  }

  /** Whether these bytes come next; passes over them. */
  async continues(bytes: Uint8Array): Promise<boolean> {
    for (let from = 0; from < bytes.length;) {
      if (await this.isAtEnd()) return false;
      const length = Math.min(this.#rest.length, bytes.length - from);
      if (Buffer.compare(this.#rest.subarray(0, length), bytes.subarray(from, from + length)) !== 0)
        return false;
      this.#rest = this.#rest.subarray(length);
      from += length;
    }
    return true;
  }

  async isAtEnd(): Promise<boolean> {
    while (this.#rest.length === 0) {
      const next = await this.#chunks.next();
      if (next.done === true) return true;
      this.#rest = next.value;
      this.#onBytes(this.#rest.length);
    }
    return false;
  }

  async close(): Promise<void> {
    await this.#chunks.return?.();
  }
}
