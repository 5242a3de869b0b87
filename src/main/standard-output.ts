/** Standard output and error as the command line sees them. */
import type { WriteStream } from "node:tty";
import type { Output } from "../cli/context.ts";
import { LongshoreError } from "../domain/errors.ts";

/** Whoever read it has gone: that ends a command whose result it is (`quits`), and is no failure of what else is said. */
export function standardOutput(stream: WriteStream, { quits }: { readonly quits: boolean }): Output {
  // Each write tells its own failure; without a listener the stream would end the process.
  stream.on("error", () => undefined);
  return {
    isTerminal: stream.isTTY === true,
    get columns() {
      // Some terminals say 0 where they do not know.
      return stream.columns || 80;
    },
    write: (bytes) =>
      new Promise((resolve, reject) => {
        stream.write(bytes, (error) => {
          if (error === null || error === undefined) resolve();
          else if (isNobodyReading(error))
            if (quits) reject(new LongshoreError("OutputClosed", "nobody reads standard output any more"));
            else resolve();
          else
            reject(new LongshoreError("OutputFailed", "standard output can't be written", { cause: error }));
        });
      }),
  };
}

/** Whoever read us has gone (`longshore ls … | head`). */
function isNobodyReading(error: NodeJS.ErrnoException): boolean {
  return error.code === "EPIPE" || error.code === "ERR_STREAM_DESTROYED";
}
