/**
 * The CRC of a whole from those of its pieces, so that what was packed or sent apart is checked by one number: what zlib's
 * crc32_combine does, arithmetic in GF(2) modulo a polynomial.
 */

/** CRC of A followed by B, of which `lengthB` bytes are known only by their CRC. */
export type CrcCombine = (crcA: number, crcB: number, lengthB: number) => number;

/** Of RFC 1952 section 8, as in gzip and zip. */
export const crc32Combine: CrcCombine = crcCombine(0xedb88320);
/** Castagnoli's, of RFC 3720 section 12.1. */
export const crc32cCombine: CrcCombine = crcCombine(0x82f63b78);

/** Bits are reflected: the highest is the coefficient of x⁰. */
function crcCombine(polynomial: number): CrcCombine {
  const one = 0x80000000;
  // x^(2^n) for n = 0, 1, …; they come round to x again, after 32 steps or 31: the second polynomial has a factor x + 1.
  const powers: number[] = [];
  let power = 0x40000000;
  do {
    powers.push(power);
    power = multiply(power, power, polynomial);
  } while (power !== powers[0]);
  return (crcA, crcB, lengthB) => {
    let shift = one;
    let rest = lengthB;
    // A byte is eight powers of x, hence the third doubling first.
    for (let n = 3; rest > 0; n++) {
      if (rest % 2 === 1) shift = multiply(powers[n % powers.length] ?? one, shift, polynomial);
      rest = Math.floor(rest / 2);
    }
    return (multiply(shift, crcA, polynomial) ^ crcB) >>> 0;
  };
}

/** a · b modulo the polynomial. */
function multiply(a: number, b: number, polynomial: number): number {
  let product = 0;
  let factor = b;
  for (let bit = 0x80000000; bit !== 0; bit >>>= 1) {
    if ((a & bit) !== 0) product ^= factor;
    factor = (factor & 1) === 1 ? (factor >>> 1) ^ polynomial : factor >>> 1;
  }
  return product >>> 0;
}
