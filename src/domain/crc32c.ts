/** CRC-32C (Castagnoli, RFC 3720 section 12.1), which Node has no built-in for: sixteen bytes a step by sixteen tables. */
const polynomial = 0x82f63b78;
const width = 16;

/** Table after table: what a byte does to the sum when 15, 14, … 0 others follow it. */
const tables: Int32Array = ((): Int32Array => {
  let table = Int32Array.from({ length: 256 }, (_, byte) => {
    let sum = byte;
    for (let bit = 0; bit < 8; bit++) sum = (sum & 1) === 1 ? (sum >>> 1) ^ polynomial : sum >>> 1;
    return sum;
  });
  const first = table;
  const made = new Int32Array(width * 256);
  for (let at = (width - 1) * 256; at >= 0; at -= 256) {
    made.set(table, at);
    table = table.map((sum) => (first[sum & 255] ?? 0) ^ (sum >>> 8));
  }
  return made;
})();

/** What four bytes do, of which the first is looked up in the table that begins at `table`. */
const step = (table: number, word: number): number =>
  (tables[table | (word & 255)] ?? 0) ^
  (tables[(table + 256) | ((word >>> 8) & 255)] ?? 0) ^
  (tables[(table + 512) | ((word >>> 16) & 255)] ?? 0) ^
  (tables[(table + 768) | (word >>> 24)] ?? 0);

/** CRC-32C of the bytes, or of bytes that have the sum `before` and then these. */
export function crc32c(bytes: Uint8Array, before = 0): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const whole = bytes.length - (bytes.length % width);
  let sum = ~before;
  for (let at = 0; at < whole; at += width)
    sum =
      step(0, sum ^ view.getInt32(at, true)) ^
      step(1024, view.getInt32(at + 4, true)) ^
      step(2048, view.getInt32(at + 8, true)) ^
      step(3072, view.getInt32(at + 12, true));
  for (let at = whole; at < bytes.length; at++)
    sum = (tables[3840 | ((sum ^ view.getUint8(at)) & 255)] ?? 0) ^ (sum >>> 8);
  return ~sum >>> 0;
}
