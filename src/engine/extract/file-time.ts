/**
 * A modification time as Node can set it. Node hands times on as doubles of seconds, which lie 0.2 µs apart in this century, so
 * the nanoseconds can't be kept; what is chosen keeps the microseconds, and whole seconds exactly.
 */
export function fileTime(nanoseconds: bigint): string {
  let seconds = nanoseconds / billion;
  let rest = nanoseconds % billion;
  if (rest < 0n) {
    seconds -= 1n;
    rest += billion;
  }
  let value = Number(seconds) + Number(rest) / 1e9;
  // The system call's nanoseconds are cut off, so a double just below would show the microsecond before.
  if (cutOff(value) < nanoseconds / 1000n - (nanoseconds % 1000n < 0n ? 1n : 0n)) value = nextAbove(value);
  // As text, since Node takes a negative number for "now" and a text for what it says.
  return String(value);
}

const billion = 1_000_000_000n;

/** Microseconds that the system shows for a time. */
function cutOff(value: number): bigint {
  const whole = Math.floor(value);
  return BigInt(whole) * 1_000_000n + BigInt(Math.floor((value - whole) * 1e6));
}

function nextAbove(value: number): number {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  view.setBigInt64(0, view.getBigInt64(0) + (value < 0 ? -1n : 1n));
  return view.getFloat64(0);
}
