/** What the commands are given: the drivers and the outside world. */
import type { CommandUnknownOpts } from "@commander-js/extra-typings";
import type { Drivers } from "../domain/ports/drivers.ts";
import type { ExportHome, Signer } from "../engine/exporting/export-call.ts";
import type { ProgramName } from "./program-name.ts";
import type { ClusterHost } from "./remote/remote.ts";

export interface CliContext {
  readonly program: ProgramName;
  readonly drivers: Drivers;
  readonly version: string;
  readonly stdout: Output;
  readonly stderr: Output;
  readonly stdin: AsyncIterable<Uint8Array>;
  /** Aborted by Ctrl-C and by SIGTERM. */
  readonly signal: AbortSignal;
  /** What comes needs so many milliseconds to end by itself when the signal is aborted; two seconds unless it says so. */
  readonly giveTime: (milliseconds: number) => void;
  /** The system's folder for temporary files. */
  readonly temporaryFolder: string;
  /** What the engine needs of this machine. */
  readonly exportHome: Omit<ExportHome, "onEvent">;
  /** The path that a path or file:// URL names. Throws UnknownScheme, InvalidArgument. */
  readonly pathOf: (location: string) => string;
  /** The Ed25519 key of a PEM file. Throws InvalidKey. */
  readonly readSignKey: (file: string) => Promise<Signer>;
  /** What the environment says of the server that commands talk to. */
  readonly server: ServerAccess;
  /** The cluster that commands talk to where no server is named. */
  readonly cluster?: ClusterHost;
  /** Commands that need more than the command line may import, such as `serve`. */
  readonly extraCommands?: (context: CliContext) => readonly CommandUnknownOpts[];
}

export interface ServerAccess {
  /** LONGSHORE_SERVER */
  readonly url?: string | undefined;
  /** LONGSHORE_TOKEN */
  readonly token?: string | undefined;
}

export interface Output {
  readonly isTerminal: boolean;
  /** Width in characters, 80 where it is not known. */
  readonly columns: number;
  /** Resolves when the text was taken, so that a slow reader slows us; rejects where nobody reads any more. */
  write(bytes: string | Uint8Array): Promise<void>;
}
