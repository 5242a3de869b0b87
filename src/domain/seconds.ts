/** Archives know whole seconds: the one before or at the instant, as `stat` and GNU tar say it. */
export function secondsOf(nanoseconds: bigint): number {
  const near = Number(nanoseconds) / 1e9;
  const whole = Math.floor(near);
  const fraction = near - whole;
  // Dividing a bigint costs more than the rest of a header, and only next to a whole second can the double be wrong.
  if (fraction > 1e-5 && fraction < 1 - 1e-5 && Math.abs(near) < 1e10) return whole;
  const quotient = nanoseconds / 1_000_000_000n;
  return Number(quotient) - (quotient * 1_000_000_000n > nanoseconds ? 1 : 0);
}
