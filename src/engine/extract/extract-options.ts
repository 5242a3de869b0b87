/** What an extraction is told, and what it tells. */
import type { Index } from "../reading/index-pages.ts";
import type { ReadingFormat } from "../reading/open-export.ts";
import type { Selection } from "../reading/selection.ts";

export interface ExtractOptions {
  readonly index: Index;
  readonly format: ReadingFormat;
  /** Made where it is not there. */
  readonly folder: string;
  readonly selection: Selection;
  /** Whether entries that could not be read while exporting are written, with zeros for content. */
  readonly withDifferences: boolean;
  /** Told of everything that is not as it was when the export was planned, as it is met. */
  readonly onNotice: (notice: ExtractNotice) => void | Promise<void>;
  readonly onProgress?: (progress: { readonly bytes: number; readonly totalBytes: number }) => void;
}

export interface ExtractNotice {
  /** `difference` was one when the export was made; `damaged` and `failed` entries are not there. */
  readonly kind: "difference" | "damaged" | "failed";
  readonly path: string;
  readonly written: boolean;
  readonly message: string;
}

export interface ExtractReport {
  readonly entries: number;
  readonly bytes: number;
  readonly differences: number;
  readonly damaged: number;
  readonly failed: number;
}
