/** A CRC-32 of every MiB of a run of bytes: two that came by different tries show where a wrong byte must be. */
import { crc32 } from "node:zlib";

export const blockSize = 1024 * 1024;

export interface BlockSums {
  /** The next bytes of the run. */
  take(bytes: Uint8Array): void;
  /** One number for each block begun. */
  sums(): readonly number[];
}

export function blockSums(): BlockSums {
  const sums: number[] = [];
  let length = 0;
  return {
    take: (bytes) => {
      for (let from = 0; from < bytes.length;) {
        const block = Math.floor(length / blockSize);
        const room = (block + 1) * blockSize - length;
        const piece = bytes.subarray(from, from + room);
        sums[block] = crc32(piece, sums[block] ?? 0);
        from += piece.length;
        length += piece.length;
      }
    },
    sums: () => sums,
  };
}
