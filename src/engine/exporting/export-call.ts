/** What the engine is told of an export, where it lives, and what it says. */
import type { KeyObject } from "node:crypto";
import type { ExportOptions } from "../../domain/export-options.ts";
import type { Manifest } from "../../domain/manifest.ts";
import type { Clock } from "../../domain/ports/clock.ts";
import type { Destination } from "../../domain/ports/destination.ts";
import type { Drivers } from "../../domain/ports/drivers.ts";
import type { StartPackPool } from "../../domain/ports/pack-pool.ts";
import type { Source } from "../../domain/ports/source.ts";

/** One call to make an export, or to go on with it. */
export interface ExportCall {
  readonly name: string;
  /** Of whoever asked, for the statement; none from the command line. */
  readonly namespace?: string | undefined;
  /** Whose export it is; a random id where nobody says. Another's at the location is never gone on with. */
  readonly owner?: string | undefined;
  readonly source: string;
  /** The folder of the export itself. */
  readonly location: string;
  readonly options: ExportOptions;
  /** LOCATION of an earlier export whose parts may be taken over. */
  readonly previous: string | undefined;
  /** A folder for what does not fit in memory. */
  readonly scratch: string;
  readonly workers: number;
  /** The same where parts are sent into one object of a store, for which they wait longer than they work; `workers` unless said. */
  readonly sendingWorkers?: number | undefined;
  readonly signer: Signer | undefined;
}

export interface Signer {
  readonly key: KeyObject;
  /** "ed25519:" and the public key (see Statement). */
  readonly issuer: string;
}

/** Where the engine lives: everything it does not decide itself. */
export interface ExportHome {
  readonly drivers: Drivers;
  readonly startPool: StartPackPool;
  readonly clock: Clock;
  /** A random id for the owner of a new export. */
  readonly newId: () => string;
  readonly host: string;
  /** Who works here, in words for whoever finds the export locked. */
  readonly holder: string;
  readonly versions: Readonly<Record<string, string>>;
  readonly onEvent: (event: EngineEvent) => void;
}

/** A call with its source and destination open. */
export interface ExportWork {
  readonly call: ExportCall;
  readonly home: ExportHome;
  readonly source: Source;
  readonly destination: Destination;
}

export type EngineEvent =
  /** Something a person should know, in one sentence. */
  | { readonly kind: "notice"; readonly message: string }
  | {
      readonly kind: "planned";
      readonly content: number;
      readonly files: number;
      readonly parts: number;
      readonly done: boolean;
    }
  | { readonly kind: "packed"; readonly content: number; readonly files: number }
  | { readonly kind: "part"; readonly reused: boolean };

export interface ExportResult {
  readonly manifest: Manifest;
  readonly manifestDigest: string;
  /** Whether this call changed nothing, because the export was finished before. */
  readonly unchanged: boolean;
}
