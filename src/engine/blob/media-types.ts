/** What the bytes of a download are. Content of a source is never called anything that a browser would show. */
import {
  differencesName,
  indexName,
  manifestName,
  pageTableName,
  signatureName,
  statementName,
  sumsName,
} from "../../domain/record-names.ts";
import type { FormatName } from "../../domain/export-options.ts";
import type { RecordName } from "./download-name.ts";

export const unknownType = "application/octet-stream";
export const metalinkType = "application/metalink4+xml";

export const archiveTypes: Readonly<Record<Exclude<FormatName, "files">, string>> = {
  tar: "application/x-tar",
  "tar.gz": "application/gzip",
  "tar.zst": "application/zstd",
  zip: "application/zip",
};

export const recordTypes: Readonly<Record<RecordName, string>> = {
  [sumsName]: "text/plain",
  [manifestName]: "application/json",
  [statementName]: "application/json",
  [signatureName]: unknownType,
  [differencesName]: "application/jsonl",
  [indexName]: "application/zstd",
  [pageTableName]: "application/json",
};
