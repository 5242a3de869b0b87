/** What works here, for the manifest and for whoever asks. */
import { readFileSync } from "node:fs";
import { arch, versions } from "node:process";

const text = readFileSync(new URL("../../package.json", import.meta.url), "utf8");

export const { version } = JSON.parse(text) as { readonly version: string };

/** Of everything that has a say in which bytes come out. */
export const engineVersions: Readonly<Record<string, string>> = {
  longshore: version,
  node: versions.node,
  zlib: versions.zlib,
  zstd: versions["zstd"] ?? "",
  arch,
};
