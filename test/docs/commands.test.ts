/**
 * Runs what the documents tell people to type. A block marked `sh` is run, in order, in one temporary folder for each
 * document that holds the sample folder, with bin/longshore first on PATH; a block marked `console` shows and is not run.
 * Those marked `sh cluster` are run by test/cluster/guides.test.ts.
 * Where a document starts a server, the port it names is replaced by a free one, and the server ends with the document.
 */
import assert from "node:assert/strict";
import { globSync, readFileSync, readlinkSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { after, before, suite, test } from "node:test";
import { expectExit, longshoreProgram, missingProgram, shell, temporaryFolder } from "../fixtures/run.ts";
import { freePort } from "../fixtures/free-ports.ts";
import { blocksOf, root } from "./blocks.ts";
import { makeSampleFolder } from "./sample-folder.ts";

const guides = globSync("docs/guides/*.md", { cwd: root }).toSorted();
const others = globSync("docs/**/*.md", { cwd: root, exclude: ["docs/guides/**"] });
const programs = ["aria2c", "curl", "openssl", "sha256sum", "tar", "unzip", "wget", "zstd"];

const documentedPort = "127.0.0.1:8080";

for (const document of ["README.md", ...guides]) {
  const blocks = blocksOf(document).filter(({ language }) => language === "sh");
  if (blocks.length === 0) continue;
  suite(`commands of ${document}`, () => {
    const work = temporaryFolder();
    makeSampleFolder(work.path);
    let port = 0;
    before(async () => {
      port = await freePort();
    });
    after(async () => {
      stopServer(work.path);
      await work[Symbol.asyncDispose]();
    });
    const env = { PATH: [dirname(longshoreProgram), process.env["PATH"]].join(delimiter) };
    for (const { line, script } of blocks) {
      test(`line ${line}: ${script.split("\n")[0]}`, { skip: missingOf(script) }, async () => {
        const command = script.replaceAll(documentedPort, `127.0.0.1:${port}`);
        expectExit(await shell(`set -eu\n${command}`, [], { cwd: work.path, env }), 0);
      });
    }
  });
}

test("every guide has commands that are run", () => {
  for (const document of guides)
    assert.ok(
      blocksOf(document).some(({ language }) => language.startsWith("sh")),
      document,
    );
});

test("every block of a document says what it is", () => {
  for (const document of ["README.md", ...guides, ...others]) {
    for (const { language, line } of blocksOf(document))
      assert.match(language, /^(?:sh|sh cluster|yaml|console|json|jsonl)$/, `${document}:${line}`);
  }
});

/** The document's own last command ends it, unless a block before failed. */
function stopServer(folder: string): void {
  try {
    const pid = Number(readFileSync(join(folder, "server.pid"), "utf8"));
    // By now it may be the id of another process.
    if (readlinkSync(`/proc/${pid}/cwd`) === folder) process.kill(pid, "SIGKILL");
  } catch {
    // It has ended already, or was never started.
  }
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
