/** The port of what is exported. */
import type { DifferenceReason, Entry, ObjectDescription, PlannedEntry } from "../entry.ts";

/** A tree of files to take out. Reading never changes it. */
export interface Source {
  /** As a person would write it: a path or URL without secrets. */
  readonly location: string;
  /** What a manifest says of it: "filesystem" where nothing is said. */
  readonly kind?: string;
  /** Small files that may be opened before their turn, where each opening takes a while; none where nothing is said. */
  readonly openAhead?: number;

  /**
   * All entries in plan order, in batches. What goes wrong with one entry is that entry's difference, never an error;
   * an error means that the source as a whole can't be read. Memory does not grow with the number of entries.
   */
  walk(options: WalkOptions, signal: AbortSignal): AsyncIterable<readonly Entry[]>;

  /**
   * Opens a file of the plan for reading, without following links and without blocking.
   * Says the difference where there is nothing to read. The caller closes what it gets.
   * A source that can read without waiting answers at once, which spares small files the cost of promises.
   */
  open(entry: PlannedEntry): ImmediateReader | DifferenceReason | Promise<EntryReader | DifferenceReason>;
}

export interface WalkOptions {
  readonly include: readonly string[];
  readonly exclude: readonly string[];
  readonly crossFileSystems: boolean;
  /** `copy` gives every name of a file as a file of its own; `link` only the first in plan order. */
  readonly hardLinks: "link" | "copy";
  /** A folder for what does not fit in memory; created when needed, removed by the walk. */
  readonly scratch: string;
  /** Told of each folder that was not entered because it is on another file system. */
  readonly onOtherFileSystem?: (path: string) => void;
}

/** A value that may be there at once. */
export type MaybePromise<T> = T | Promise<T>;

export interface EntryReader {
  /** Fills `into` from `position` of the file; fewer bytes than asked for only at its end, 0 after it. */
  read(into: Uint8Array, position: number): MaybePromise<number>;
  /** Whether what was read is still what was planned: asked once, after the last read. */
  difference(): MaybePromise<DifferenceReason | undefined>;
  close(): MaybePromise<void>;
  /** What the source says of the file beside its bytes, known when it is opened. */
  readonly description?: ObjectDescription | undefined;
}

/** A reader that never waits. */
export interface ImmediateReader extends EntryReader {
  read(into: Uint8Array, position: number): number;
  difference(): DifferenceReason | undefined;
  close(): void;
}
