/**
 * Runs what the documents tell people to type. A block marked `sh` is run, in order, in one temporary folder for each
 * document that holds the sample folder, with bin/longshore first on PATH; a block marked `console` shows and is not run.
 */
import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { after, suite, test } from "node:test";
import { expectExit, longshoreProgram, missingProgram, shell, temporaryFolder } from "../fixtures/run.ts";
import { makeSampleFolder } from "./sample-folder.ts";

const root = join(import.meta.dirname, "../..");
const guides = globSync("docs/guides/*.md", { cwd: root }).toSorted();
const others = globSync("docs/**/*.md", { cwd: root, exclude: ["docs/guides/**"] });
const programs = ["openssl", "sha256sum", "tar", "unzip", "zstd"];

for (const document of ["README.md", ...guides]) {
  suite(`commands of ${document}`, () => {
    const work = temporaryFolder();
    makeSampleFolder(work.path);
    after(() => work[Symbol.asyncDispose]());
    const env = { PATH: [dirname(longshoreProgram), process.env["PATH"]].join(delimiter) };
    const blocks = blocksOf(document).filter(({ language }) => language === "sh");

    test("there are some", () => assert.notEqual(blocks.length, 0));
    for (const { line, script } of blocks) {
      test(`line ${line}: ${script.split("\n")[0]}`, { skip: missingOf(script) }, async () => {
        expectExit(await shell(`set -eu\n${script}`, [], { cwd: work.path, env }), 0);
      });
    }
  });
}

test("every block of a document says what it is", () => {
  for (const document of ["README.md", ...guides, ...others]) {
    for (const { language, line } of blocksOf(document))
      assert.match(language, /^(?:sh|console|json|jsonl)$/, `${document}:${line}`);
  }
});

interface Block {
  readonly language: string;
  /** Of the document, counted from 1. */
  readonly line: number;
  readonly script: string;
}

function blocksOf(document: string): Block[] {
  const text = readFileSync(join(root, document), "utf8");
  return [...text.matchAll(/^```(.*)\n([\s\S]*?)^```$/gm)].map(
    ({ index, 1: language = "", 2: script = "" }) => ({
      language,
      line: text.slice(0, index).split("\n").length + 1,
      script,
    }),
  );
}

/** The reason to skip a block that calls a program which is not here, or false. */
function missingOf(script: string): string | false {
  const called = (name: string): boolean => new RegExp(`(?:^|[|(;&])\\s*${name}\\s`, "m").test(script);
  for (const program of programs) {
    const missing = called(program) && missingProgram(program);
    if (missing !== false) return missing;
  }
  return false;
}
