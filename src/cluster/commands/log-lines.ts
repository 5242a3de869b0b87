/** The lines of a container's log that was asked for with times. */

export interface LogLine {
  /** Nanoseconds since 1970; undefined where the line tells none. */
  readonly time: bigint | undefined;
  readonly text: string;
}

/** Bytes; what is longer becomes several lines, so that no line is held whole that never ends. */
const longestLine = 2 ** 16;
const newline = 0x0a;

export async function* logLines(stream: AsyncIterable<Uint8Array>): AsyncGenerator<LogLine, void, undefined> {
  let begun: Uint8Array = new Uint8Array();
  for await (const chunk of stream) {
    let from = 0;
    for (let end = chunk.indexOf(newline); end >= 0; end = chunk.indexOf(newline, from)) {
      yield lineOf(Buffer.concat([begun, chunk.subarray(from, end)]));
      begun = new Uint8Array();
      from = end + 1;
    }
    begun = Buffer.concat([begun, chunk.subarray(from)]);
    for (; begun.length > longestLine; begun = begun.subarray(longestLine))
      yield lineOf(Buffer.from(begun.subarray(0, longestLine)));
  }
  if (begun.length > 0) yield lineOf(Buffer.from(begun));
}

function lineOf(bytes: Buffer): LogLine {
  const line = bytes.toString();
  const [whole, seconds, fraction = "", zone] =
    /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d) /.exec(line) ?? [];
  const milliseconds = whole === undefined ? Number.NaN : Date.parse(`${seconds}${zone}`);
  if (whole === undefined || Number.isNaN(milliseconds)) return { time: undefined, text: line };
  const time = BigInt(milliseconds) * 1_000_000n + BigInt(fraction.padEnd(9, "0"));
  return { time, text: line.slice(whole.length) };
}
