/** The formats under the names of files and those of the resource. */
import type { NewExport } from "../../../api/documents.ts";
import { type FormatName, formatNames } from "../../../domain/export-options.ts";

type Format = NonNullable<NewExport["spec"]["format"]>;

const formatOf = {
  tar: "Tar",
  "tar.gz": "TarGzip",
  "tar.zst": "TarZstd",
  zip: "Zip",
  files: "Files",
} as const satisfies Readonly<Record<FormatName, Format>>;

export const formatWords = [...formatNames, ...Object.values(formatOf)] as const;
export type FormatWord = (typeof formatWords)[number];

export function formatFromWord(word: FormatWord): Format {
  return formatNames.includes(word as FormatName) ? formatOf[word as FormatName] : (word as Format);
}
