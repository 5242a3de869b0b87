/** What a browser is told of an object that it gets straight from the store; nothing that it would run. */
import { filesFolder } from "../../../domain/part.ts";
import { sumsName } from "../../../domain/record-names.ts";

const types: readonly (readonly [ending: string, type: string])[] = [
  [".json", "application/json"],
  [".tar", "application/x-tar"],
  [".tar.gz", "application/gzip"],
  [".zst", "application/zstd"],
  [".zip", "application/zip"],
  [".jsonl", "application/x-ndjson"],
  [sumsName, "text/plain; charset=utf-8"],
];

/** What people stored under files/ has no type that we could know. */
export function contentTypeOf(name: string): string {
  const known = name.startsWith(filesFolder) ? undefined : types.find(([ending]) => name.endsWith(ending));
  return known?.[1] ?? "application/octet-stream";
}
