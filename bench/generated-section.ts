/** Keeps generated text apart from written text in one file, so that a new run never costs anybody their prose. */
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { BenchError } from "./bench-error.ts";

export const BEGIN =
  "<!-- bench:begin (written by `npm run bench -- --write`; edits between the markers are lost) -->";
export const END = "<!-- bench:end -->";

/** The page with what stood between the markers replaced, or with a new section at its end. Throws when only one marker is there. */
export function replaceSection(page: string, section: string): string {
  const marked = `${BEGIN}\n${section.trim()}\n${END}`;
  const begin = page.indexOf(BEGIN);
  const end = page.indexOf(END);
  if (begin === -1 && end === -1) return `${page.trimEnd() || "# Benchmarks"}\n\n${marked}\n`;
  if (begin === -1 || end < begin)
    throw new BenchError(
      "the page has one marker of the generated section without the other; put both back or remove both",
    );
  return page.slice(0, begin) + marked + page.slice(end + END.length);
}

export async function writeSection(file: string, section: string): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  const page = await readFile(file, "utf8").catch((error: unknown) => {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return "";
    throw error;
  });
  const temporary = `${file}.new`;
  await writeFile(temporary, replaceSection(page, section));
  await rename(temporary, file);
}
