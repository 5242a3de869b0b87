/** What opens sources, destinations and formats. */
import type { FormatName } from "../export-options.ts";
import type { Destination } from "./destination.ts";
import type { Format } from "./format.ts";
import type { Source } from "./source.ts";

/** The drivers of this installation, found by what a person wrote and loaded when they are needed. */
export interface Drivers {
  /** Throws UnknownScheme, InvalidArgument, SourceNotFound, SourceUnreadable. */
  readonly openSource: (location: string) => Promise<Source>;
  /**
   * The folder of one export; it need not exist. `scratch` is a folder for what a place needs room for on its way there, the
   * system's where none is said. Throws UnknownScheme, InvalidArgument.
   */
  readonly openDestination: (location: string, scratch?: string) => Promise<Destination>;
  readonly format: (name: FormatName) => Promise<Format>;
}
