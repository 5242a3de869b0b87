/** include and exclude by gitignore rules, asked one folder at a time so that what is excluded is never entered. */
import ignore from "ignore";
import { byteStringOfText } from "../../domain/byte-string.ts";

export interface PathFilter {
  /** Whether the entry (a folder's path ends in "/") is part of the export by itself. */
  selects(path: string): boolean;
  /** Whether anything below the folder can be. */
  enters(folder: string): boolean;
}

export function pathFilter(include: readonly string[], exclude: readonly string[]): PathFilter {
  const included = include.length === 0 ? undefined : matcher(include);
  const excluded = exclude.length === 0 ? undefined : matcher(exclude);
  const prefixes = include.map(literalPrefix);
  return {
    selects: (path) => !(excluded?.(path) ?? false) && (included?.(path) ?? true),
    enters: (folder) => {
      if (excluded?.(folder) ?? false) return false;
      if (included === undefined || included(folder)) return true;
      return prefixes.some((prefix) => prefix.startsWith(folder) || folder.startsWith(prefix));
    },
  };
}

/** The library remembers every path it was asked about; a fresh one now and then keeps memory flat. */
const questionsPerMatcher = 20_000;

function matcher(patterns: readonly string[]): (path: string) => boolean {
  const rules = patterns.map(byteStringOfText);
  const make = () => ignore({ ignorecase: false, allowRelativePaths: true }).add(rules);
  let current = make();
  let questions = 0;
  return (path) => {
    if (++questions % questionsPerMatcher === 0) current = make();
    return current.ignores(path);
  };
}

/** The folders that every match of a pattern lies below: "a/b/" of "/a/b/*.csv" and of "/a/b"; "" where it may match anywhere. */
function literalPrefix(pattern: string): string {
  if (pattern.startsWith("!")) return "";
  const anchored = /\/./.test(pattern);
  if (!anchored) return "";
  const names = pattern.replace(/^\/|\/$/g, "").split("/");
  const wild = names.findIndex((name) => /[*?[\\]/.test(name));
  const literal = wild === -1 ? names : names.slice(0, wild);
  return literal.map((folder) => `${byteStringOfText(folder)}/`).join("");
}
