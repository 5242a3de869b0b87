/** Names as a person may type them: as they are, or as `ls` shows them, the only way to type one that is not valid UTF-8. */
import { byteStringOfText } from "../../domain/byte-string.ts";

/** The byte strings that may be meant, likeliest first. */
export function meanings(typed: string): string[] {
  const plain = byteStringOfText(typed);
  const unescaped = plain.replace(
    /\\(?:([0-7]{3})|(.))/g,
    (all, octal: string | undefined, letter: string | undefined) => {
      if (octal !== undefined) return String.fromCharCode(Number.parseInt(octal, 8) & 0xff);
      return letters[letter ?? ""] ?? all;
    },
  );
  return unescaped === plain ? [plain] : [plain, unescaped];
}

const letters: Record<string, string> = {
  "\\": "\\",
  n: "\n",
  t: "\t",
  r: "\r",
  b: "\b",
  f: "\f",
  v: "\v",
  a: "\x07",
};
