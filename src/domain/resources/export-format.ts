/** The formats of an export: as the resource writes them, and as the engine, its options and its files do. */
import { formatNames, type FormatName } from "../export-options.ts";

const bySpec = {
  Tar: "tar",
  TarGzip: "tar.gz",
  TarZstd: "tar.zst",
  Zip: "zip",
  Files: "files",
} as const satisfies Readonly<Record<string, FormatName>>;

export type SpecFormat = keyof typeof bySpec;
export const specFormats = Object.keys(bySpec) as [SpecFormat, ...SpecFormat[]];

export const formatOfSpec = (format: SpecFormat): FormatName => bySpec[format];

const byFormat = Object.fromEntries(specFormats.map((format) => [bySpec[format], format])) as {
  readonly [Format in SpecFormat as (typeof bySpec)[Format]]: Format;
};

/** Either spelling. */
export const formatWords = [...formatNames, ...specFormats] as const;
export type FormatWord = (typeof formatWords)[number];

export function specFormatOf(word: FormatWord): SpecFormat {
  return formatNames.includes(word as FormatName) ? byFormat[word as FormatName] : (word as SpecFormat);
}
