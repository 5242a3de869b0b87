/** The fenced blocks of a document. */
import { readFileSync } from "node:fs";
import { join } from "node:path";

export const root = join(import.meta.dirname, "../..");

export interface Block {
  /** All that stands behind the fence. */
  readonly language: string;
  /** Of the document, counted from 1. */
  readonly line: number;
  readonly script: string;
}

/** `document` is a path from the root of the repository. */
export function blocksOf(document: string): Block[] {
  const text = readFileSync(join(root, document), "utf8");
  return [...text.matchAll(/^```(.*)\n([\s\S]*?)^```$/gm)].map(
    ({ index, 1: language = "", 2: script = "" }) => ({
      language,
      line: text.slice(0, index).split("\n").length + 1,
      script,
    }),
  );
}
