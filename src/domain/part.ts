/** Parts: what is known of them when planned, and the names of what lies in the destination for them. */
import type { FormatName } from "./export-options.ts";

/** A part: a numbered, contiguous run of the plan, packed by one worker in one go. */
export interface PlannedPart {
  readonly number: number;
  /** Lower-case hex SHA-256 over format version, format, level and the part's plan lines; equal keys, equal uncompressed bytes. */
  readonly key: string;
  /** Lines of its plan page. */
  readonly entries: number;
  /** Entries it begins that the export holds and that are no directories. */
  readonly files: number;
  /** Planned bytes of content. */
  readonly content: number;
  /** Whether it begins or ends in the middle of a file, and so does not list by itself. */
  readonly startsInside: boolean;
  readonly endsInside: boolean;
  /** Whether nothing in it was changed within two seconds before it was planned, so that its key may be trusted later. */
  readonly settled: boolean;
  readonly page: PlanPage;
}

/** Where the part's plan lines lie: zstd frames of at most 1 MiB of lines each. */
export interface PlanPage {
  readonly object: string;
  readonly size: number;
  readonly sha256: string;
}

/** The tail ends a joined archive; no plan lists it, as it is made when all other parts are. */
export const tailParts = (format: FormatName): number => (format === "files" ? 0 : 1);

/** What stands for the name of a part's object where the archive is one object of a store. */
export const archiveObject = "archive";

/** What stands there where files are kept as they are. */
export const filesFolder = "files/";

/** Whether a receipt names an object, and not a folder of files or a piece of the archive. */
export const isObjectName = (object: string): boolean => object !== filesFolder && object !== archiveObject;

export const number8 = (number: number): string => String(number).padStart(8, "0");

export const planPageName = (part: number): string => `plan/${number8(part)}.jsonl.zst`;
export const receiptName = (part: number): string => `receipts/${number8(part)}.json`;
export const attemptName = (part: number, attempt: number): string => `attempts/${number8(part)}.${attempt}`;

/** `parts/00000007-<first 16 hex of its sha256>.tar.zst` */
export const partName = (part: number, sha256: string, extension: string): string =>
  `parts/${number8(part)}-${sha256.slice(0, 16)}.${extension}`;

/** The digest is part of the name, so that a late twin of a worker can't replace what a receipt vouches for. */
export const indexFragmentName = (part: number, sha256: string): string =>
  `index/${number8(part)}-${sha256.slice(0, 16)}.jsonl.zst`;
export const differencesFragmentName = (part: number, sha256: string): string =>
  `index/${number8(part)}-${sha256.slice(0, 16)}.differences.jsonl`;
/** A receipt that stands until its part is known to be safe; with it a part that lost its worker is adopted. */
export const draftReceiptName = (part: number): string => `tmp/${number8(part)}.receipt.json`;

/** Number of the part that an object of the export belongs to, or undefined where it is none's. */
export function partOfObject(name: string): number | undefined {
  const digits = /^(?:parts|receipts|plan|index|attempts)\/(\d{8})[-.]/.exec(name)?.[1];
  return digits === undefined ? undefined : Number(digits);
}
