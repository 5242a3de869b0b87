/** What the commands are given: the drivers and the outside world. */
import type { Drivers } from "../domain/ports/home.ts";
import type { ExportHome } from "../engine/exporting/export-call.ts";

export interface CliContext {
  readonly drivers: Drivers;
  readonly version: string;
  readonly stdout: Output;
  readonly stderr: Output;
  /** Aborted by Ctrl-C and by SIGTERM. */
  readonly signal: AbortSignal;
  /** The system's folder for temporary files. */
  readonly temporaryFolder: string;
  /** What the engine needs of this machine. */
  readonly exportHome: Omit<ExportHome, "onEvent">;
  /** The path that a path or file:// URL names. Throws UnknownScheme, InvalidArgument. */
  readonly pathOf: (location: string) => string;
}

export interface Output {
  readonly isTerminal: boolean;
  /** Width in characters, 80 where it is not known. */
  readonly columns: number;
  /** Resolves when the text was taken, so that a slow reader slows us; rejects where nobody reads any more. */
  write(bytes: string | Uint8Array): Promise<void>;
}
