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
  const value = Number(seconds) + Number(rest) / 1e9;
  // What is below a nanosecond is cut off, so the double nearest may show the microsecond beside the right one.
  const microseconds = seconds * 1_000_000n + rest / 1000n;
  const middle = (Number(microseconds) + 0.5) / 1e6;
  const right =
    [value, neighbour(value, 1n), neighbour(value, -1n)].find((near) => shown(near) === microseconds) ??
    middle;
  // As text, since Node takes a negative number for "now" and a text for what it says.
  return String(right);
}

const billion = 1_000_000_000n;

/** Microseconds that the system shows for a time: libuv cuts it to nanoseconds towards zero. */
function shown(value: number): bigint {
  const whole = Math.trunc(value);
  const nanoseconds = BigInt(whole) * billion + BigInt(Math.trunc((value - whole) * 1e9));
  return (nanoseconds - (((nanoseconds % 1000n) + 1000n) % 1000n)) / 1000n;
}

/** The double just above (1n) or below (-1n). */
function neighbour(value: number, step: bigint): number {
  if (value === 0) return value;
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  view.setBigInt64(0, view.getBigInt64(0) + (value < 0 ? -step : step));
  return view.getFloat64(0);
}
