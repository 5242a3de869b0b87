/** Where the conformance suite of the ExportStore port runs. */
import type { ExportStore } from "../../src/domain/ports/export-store.ts";

/** A store and two namespaces of it that are empty, and nobody else's until it is disposed. */
export interface ExportStorePlace extends AsyncDisposable {
  readonly store: ExportStore;
  /** In the order of a list. */
  readonly namespaces: readonly [string, string];
  /** Makes it forget the changes so far, as time would; where that can be had. */
  readonly forget?: () => Promise<void>;
}

export type WithPlace = (use: (place: ExportStorePlace) => Promise<void>) => () => Promise<void>;
