/** Refuses patterns that gitignore rules would silently never match, because a filter that does nothing loses data quietly. */
import { LongshoreError } from "./errors.ts";

/** Throws InvalidPattern, naming the option and the reason. */
export function checkPattern(option: string, pattern: string): void {
  const reason = faultOf(pattern);
  if (reason === undefined) return;
  throw new LongshoreError("InvalidPattern", `${option} ${JSON.stringify(pattern)} ${reason}`);
}

function faultOf(pattern: string): string | undefined {
  if (pattern.trim() === "") return "is empty";
  if (pattern.includes("\0")) return "contains a zero byte";
  if (pattern.startsWith("#")) return "is a comment, write \\# for a name that begins with #";
  if (/(?:^|[^\\])(?:\\\\)*\\$/.test(pattern)) return "ends with a lone backslash";
  if (/^!?\/*$/.test(pattern)) return "names nothing";
  if (/^!?\.{1,2}(?:\/|$)/.test(pattern))
    return "begins with ./ or ../, patterns are relative to SOURCE as they are";
  if (/(?:^|\/)\.{0,2}\//.test(pattern.replace(/^!?\//, "")))
    return "has an empty, . or .. folder, which no path has";
  if (hasOpenBracket(pattern)) return "has a [ without its ]";
  return undefined;
}

function hasOpenBracket(pattern: string): boolean {
  for (let i = 0; i < pattern.length; i++) {
    if (pattern[i] === "\\") i++;
    else if (pattern[i] === "[") {
      const first = /^[!^]/.test(pattern.slice(i + 1)) ? i + 2 : i + 1;
      const end = pattern.indexOf("]", first + 1);
      if (end === -1) return true;
      i = end;
    }
  }
  return false;
}
