/** What an export was asked to be; a resume must ask for the same. */
export const formatNames = ["tar", "tar.gz", "tar.zst", "zip", "files"] as const;
export type FormatName = (typeof formatNames)[number];

export const formatVersion = 1;

export interface ExportOptions {
  readonly format: FormatName;
  /** Compression level: zstd 1–22, gzip and zip 0–9; without meaning for tar and files. */
  readonly level: number;
  /** Bytes of archive that a part aims at. */
  readonly partSize: number;
  /** gitignore rules; none means everything. */
  readonly include: readonly string[];
  readonly exclude: readonly string[];
  readonly differences: "record" | "fail";
  /** Whether the index has a SHA-256 of every entry. */
  readonly entryDigests: boolean;
  /** Whether folders on other file systems than the source's root are entered. */
  readonly crossFileSystems: boolean;
}

/** Names of the options in which two requests differ, in the words of the command line. */
export function differingOptions(a: ExportOptions, b: ExportOptions): string[] {
  const keys = Object.keys(flags) as (keyof ExportOptions)[];
  return keys.filter((key) => JSON.stringify(a[key]) !== JSON.stringify(b[key])).map((key) => flags[key]);
}

const flags: Record<keyof ExportOptions, string> = {
  format: "--format",
  level: "--level",
  partSize: "--part-size",
  include: "--include",
  exclude: "--exclude",
  differences: "--differences",
  entryDigests: "--entry-digests",
  crossFileSystems: "--cross-file-systems",
};
