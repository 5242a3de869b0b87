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
  /** That were asked for. */
  readonly entries: number;
  /** Of them, those that are there now. */
  readonly restored: number;
  /** Content of the restored ones. */
  readonly bytes: number;
  /** Told of because they were differences when the export was made, restored or not. */
  readonly differences: number;
  /** Of the differences, those that are not there. */
  readonly leftOut: number;
  readonly damaged: number;
  readonly failed: number;
}
