/** What of an export somebody asks for: the rest of a URL after the export's name. */
import {
  differencesName,
  indexName,
  manifestName,
  pageTableName,
  signatureName,
  statementName,
  sumsName,
} from "../../domain/record-names.ts";
import { displayName } from "../../domain/byte-string.ts";
import { LongshoreError } from "../../domain/errors.ts";

export type DownloadName =
  /** The joined archive, if that is what `file` names. */
  | { readonly kind: "archive"; readonly file: string }
  /** The Metalink document, of any name or of `file`. */
  | { readonly kind: "metalink"; readonly file?: string }
  | { readonly kind: "record"; readonly record: RecordName }
  | { readonly kind: "part"; readonly part: number | string }
  /** A byte string. */
  | { readonly kind: "entry"; readonly path: string };

/** Records of an export that are offered; plan and receipts concern nobody who receives it. */
const records = [
  sumsName,
  manifestName,
  statementName,
  signatureName,
  differencesName,
  indexName,
  pageTableName,
] as const;
export type RecordName = (typeof records)[number];

/** `rest` is a byte string, percent-decoded. Throws ResourceNotFound. */
export function parseDownloadName(rest: string): DownloadName {
  const slash = rest.indexOf("/");
  if (slash < 0) return topLevelName(rest);
  const folder = rest.slice(0, slash);
  const name = rest.slice(slash + 1);
  if (name !== "" && folder === "files") return { kind: "entry", path: name };
  if (name !== "" && folder === "parts") return { kind: "part", part: partNumber(name) ?? rest };
  throw notFound(rest);
}

function topLevelName(file: string): DownloadName {
  if (file === "") throw notFound(file);
  if (file === "metalink") return { kind: "metalink" };
  if (file.endsWith(`.${metalinkExtension}`)) return { kind: "metalink", file };
  const record = records.find((name) => name === file);
  return record === undefined ? { kind: "archive", file } : { kind: "record", record };
}

export const metalinkExtension = "meta4";

const partNumber = (text: string): number | undefined => (/^\d{1,8}$/.test(text) ? Number(text) : undefined);

/** What a request gets that names nothing of the export. */
export const notFound = (name: string): LongshoreError =>
  new LongshoreError("ResourceNotFound", `the export has no ${displayName(name.slice(0, longestShown))}`, {
    hint: "see the metalink or the list of files for what it has",
  });

const longestShown = 300;
