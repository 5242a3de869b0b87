/**
 * The CRC-32 of a whole from those of its pieces, so that a split file is checked by one number although its pieces
 * were packed apart: what zlib's crc32_combine does, arithmetic in GF(2) modulo the polynomial of RFC 1952 section 8.
 */
const polynomial = 0xedb88320;
/** Bits are reflected: the highest is the coefficient of x⁰. */
const one = 0x80000000;

/** x^(2^n) for n = 0…31; they repeat after that, since x^(2^32) = x. */
const powers = ((): readonly number[] => {
  const result = [0x40000000];
  for (let power = 0x40000000; result.length < 32;) result.push((power = multiply(power, power)));
  return result;
})();

/** CRC-32 of A followed by B, of which `lengthB` bytes are known only by their CRC. */
export function crc32Combine(crcA: number, crcB: number, lengthB: number): number {
  let shift = one;
  let rest = lengthB;
  // A byte is eight powers of x, hence the third doubling first.
  for (let n = 3; rest > 0; n++) {
    if (rest % 2 === 1) shift = multiply(powers[n % 32] ?? one, shift);
    rest = Math.floor(rest / 2);
  }
  return (multiply(shift, crcA) ^ crcB) >>> 0;
}

/** a · b modulo the polynomial. */
function multiply(a: number, b: number): number {
  let product = 0;
  let factor = b;
  for (let bit = one; bit !== 0; bit >>>= 1) {
    if ((a & bit) !== 0) product ^= factor;
    factor = (factor & 1) === 1 ? (factor >>> 1) ^ polynomial : factor >>> 1;
  }
  return product >>> 0;
}
