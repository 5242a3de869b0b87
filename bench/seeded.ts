/** Randomness that is the same on every machine and in every run, so that two reports speak of the same bytes. */
import { createCipheriv, createHash } from "node:crypto";

const ZEROS = Buffer.alloc(1024 * 1024);

/** Gives the next `length` (at most 1 MiB) incompressible bytes of the stream that `seed` names: AES in counter mode, as fast as the disk. */
export function seededBytes(seed: string): (length: number) => Buffer {
  const key = createHash("sha256").update(seed).digest();
  const cipher = createCipheriv("aes-256-ctr", key, Buffer.alloc(16));
  return (length) => cipher.update(ZEROS.subarray(0, length));
}

/** Gives whole numbers in [0, below): xorshift32, good enough for text and cheap enough for a gigabyte of it. */
export function seededNumbers(seed: string): (below: number) => number {
  let state = createHash("sha256").update(seed).digest().readUInt32LE() || 1;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}
