/** Standard output and error as the command line sees them. */
import type { WriteStream } from "node:tty";
import type { Output } from "../cli/context.ts";

/** Whoever read us has gone (`longshore ls … | head`): that is no failure, there is just nothing left to do. */
const brokenPipe = 0;

export function standardOutput(stream: WriteStream): Output {
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") process.exit(brokenPipe);
    throw error;
  });
  return {
    isTerminal: stream.isTTY === true,
    get columns() {
      // Some terminals say 0 where they do not know.
      return stream.columns || 80;
    },
    write: (bytes) => new Promise((resolve) => void stream.write(bytes, () => resolve())),
  };
}
