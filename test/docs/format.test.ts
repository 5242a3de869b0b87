/** docs/format.md says of real exports what is true of them: their files, their members, their lines, their digests. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import { indexLine, parseIndexLine, parsePlanLine, planLine } from "../../src/domain/plan-line.ts";
import { Manifest } from "../../src/domain/manifest.ts";
import { Plan } from "../../src/domain/plan.ts";
import { filesOf, manifestOf } from "../fixtures/exports.ts";
import { temporaryFolder } from "../fixtures/run.ts";
import { documentsOf, exportEverything, textOf } from "./everything.ts";

const page = readFileSync(join(import.meta.dirname, "../../docs/format.md"), "utf8");

suite("docs/format.md", () => {
  const work = temporaryFolder();
  let locations: string[] = [];
  before(async () => {
    locations = await exportEverything(work.path);
  });
  after(() => work[Symbol.asyncDispose]());

  test("lists every file of an export, and none that there is not", () => {
    const patterns = documentedFiles();
    const unused = new Set(patterns.keys());
    for (const location of locations) {
      for (const name of filesOf(location)) {
        const found = [...patterns].find(([, pattern]) => pattern.test(name));
        assert.ok(found, `${name} is not in the table`);
        unused.delete(found[0]);
      }
    }
    assert.deepEqual([...unused], []);
  });

  test("names every member of every document and line", () => {
    const members = new Set<string>();
    for (const location of locations) {
      for (const { document } of documentsOf(location)) addMembers(document, members);
      for (const line of linesOf(location)) addMembers(JSON.parse(line), members);
    }
    const missing = [...members].filter((member) => !page.includes(`\`${member}\``));
    assert.deepEqual(missing, []);
    for (const rare of ["pathBase64", "piece", "fragment", "storedSize", "realSize", "difference", "issuer"])
      assert.ok(members.has(rare), `no export of this test has ${rare}`);
  });

  test("shows lines as they are written", () => {
    const examples = [...page.matchAll(/^```jsonl\n([\s\S]*?)^```$/gm)].flatMap(([, text = ""]) =>
      text.trimEnd().split("\n"),
    );
    assert.ok(examples.length > 5);
    for (const line of examples) {
      if (line.includes('"ctime"')) assert.equal(planLine(parsePlanLine(line)), line);
      else if (line.includes('"offset"')) assert.equal(indexLineAgain(line), line);
      else assert.deepEqual(Object.keys(JSON.parse(line) as object), ["path", "type", "difference"]);
    }
  });

  test("tells how a key and the content digest are made", () => {
    for (const location of locations) {
      const { contentDigest, run: _run, ...content } = manifestOf(location);
      assert.equal(sha256(JSON.stringify(content)), contentDigest);
      const { format, options } = Manifest.parse(manifestOf(location));
      for (const part of Plan.parse(JSON.parse(textOf(location, "plan.json"))).parts) {
        const text = `longshore part 1\n${format}\n${options.level}\n${textOf(location, part.page.object)}`;
        assert.equal(sha256(text), part.key);
      }
    }
  });
});

/** The names in the first column of the table of files, as patterns. */
function documentedFiles(): Map<string, RegExp> {
  const table = page.slice(page.indexOf("## Files"), page.indexOf("## The archive"));
  const names = [...table.matchAll(/^\| `(.+?)` \|/gm)].map(([, name = ""]) => name);
  const parts = { "<number>": String.raw`\d{8}`, "<digest>": "[0-9a-f]{16}" };
  return new Map(
    names.map((name) => {
      let pattern = name.replaceAll(".", String.raw`\.`);
      for (const [part, meaning] of Object.entries(parts)) pattern = pattern.replaceAll(part, meaning);
      return [name, new RegExp(`^${pattern.replaceAll(/<\w+>/g, ".+")}$`, "s")];
    }),
  );
}

function linesOf(location: string): string[] {
  const names = ["index.jsonl.zst", ...globSync("{plan/*,differences.jsonl}", { cwd: location })];
  return names.flatMap((name) => textOf(location, name).trimEnd().split("\n"));
}

/** What is below `versions` is named by the programs, not by the format. */
function addMembers(value: unknown, members: Set<string>): void {
  if (Array.isArray(value)) for (const item of value) addMembers(item, members);
  if (typeof value !== "object" || value === null || Array.isArray(value)) return;
  for (const [name, member] of Object.entries(value)) {
    members.add(name);
    if (name !== "versions") addMembers(member, members);
  }
}

function indexLineAgain(line: string): string {
  const { placement, ...entry } = parseIndexLine(line);
  return indexLine(planLine({ ...entry, ctime: 0n, inode: 0n }), placement);
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
