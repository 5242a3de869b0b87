/** --include and --exclude promise the rules of .gitignore files, so git itself says here what each pattern must do. */
import assert from "node:assert/strict";
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { after, before, suite, test } from "node:test";
import { exportTree, partsOf } from "../fixtures/exports.ts";
import { expectExit, missingProgram, run, temporaryFolder } from "../fixtures/run.ts";
import { pathsOf } from "../fixtures/tree-listing.ts";

// prettier-ignore
const files = [
  "a.txt", "A.TXT", "b.txt", "c.txt", "notes.md", "foo", "xfoo", "foox", "dir/a.txt", "dir/b.md", "dir/sub/a.txt", "dir/sub/deep/a.txt",
  "dir/sub/deep/x.csv", "dir/dir/a.txt", "build/out.o", "build/keep/x", "src/build/out.o", "src/main.c", "src/build.c", "docs/readme.md",
  "docs/.hidden", ".hidden", ".config/x", "#hash", "!bang", "trailing ", "a b", "[x]", "x", "]", "-", "star*", "starry", "que?", "quex",
  "back\\slash", "größe.txt", "new\nline.txt", "tab\there", "(a).txt", "a+b", "a.b", "aXb", "$x", "^x", "{a,b}.txt", "a|b", "2026/01/data.csv",
  "2026/02/data.csv", "2026/readme", "deep/1/2/3/4/5/file", "foo.d/foo", "foo.d/bar/foo", "a/b", "a/x/b", "a/x/y/b", "q/a/b",
];

// prettier-ignore
const tables: string[][] = [
  ["*.txt"], ["/a.txt"], ["/*.txt"], ["dir/"], ["dir"], ["/dir"], ["dir/*"], ["dir/**"], ["**/a.txt"], ["dir/**/a.txt"], ["**/sub/**"], ["**/sub"],
  ["build/"], ["/build"], ["/build/"], ["build"], ["src/build"], ["*.TXT"], ["[ab].txt"], ["[!a].txt"], ["[^a].txt"], ["[a-c]*"], ["?.txt"],
  ["*"], ["**"], ["/*"], ["*", "!*.txt"], ["*", "!*/", "!*.csv"], ["/*", "!/dir"], ["/*", "!/dir", "/dir/*", "!/dir/sub"], ["dir/sub", "!dir/sub/a.txt"],
  ["dir/*", "!dir/sub"], ["dir/sub/*", "!a.txt"], ["*.txt", "!/dir/", "!a.txt"], ["\\#hash"], ["\\!bang"], ["a\\ b"], ["a b"], ["trailing\\ "],
  ["trailing "], ["a.txt   "], ["[[]x]"], ["\\[x\\]"], ["[]]"], ["[]-]"], ["[x-]"], ["[--0]*"], ["star\\*"], ["star*"], ["que\\?"], ["back\\\\slash"],
  ["link/"], ["link"], ["größe*"], ["gr*.txt"], ["caf*"], ["*.bin"], ["new*line.txt"], ["new?line.txt"], ["tab*"], ["{a,b}.txt"], ["(a).txt"], ["a+b"],
  ["a.b"], ["$x"], ["^x"], ["a|b"], ["a.txt/"], ["\\a.txt"], [".*"], [".hidden"], ["**foo"], ["foo**"], ["foo*/"], ["**/foo"], ["foo.d/**/foo"], ["/**/x"],
  ["*.t[xX]t"], ["*.[tT][xX][tT]"], ["sub/deep/"], ["dir/sub/deep"], ["deep"], ["deep/**/file"], ["deep/*/file"], ["a/**/b"], ["a/*/b"], ["2026/*/data.csv"],
  ["2026/**", "!2026/02/"], ["2026/*", "!2026/02"], ["*.csv", "!2026/02/*.csv"], ["[[:digit:]]*"], ["[[:upper:]]*"], ["docs/*", "!docs/readme.md"],
  ["*/a.txt"], ["**/dir/a.txt"], ["dir/dir/"], ["a*b"], ["a**b"], ["a?b"], ["[a-z]*"], ["*[!a-z.]*"], ["src/**/*.o"], ["**/*.o", "!src/**"],
  ["no-such-thing"], ["x", "!x"], ["!x", "x"], ["dir/", "!dir/"], ["dir/sub/deep/x.csv"],
];

suite("patterns", { skip: missingProgram("git") }, () => {
  const folder = temporaryFolder();
  const source = folder.join("source");
  let paths: string[] = [];

  before(async () => {
    for (const file of files) {
      mkdirSync(dirname(`${source}/${file}`), { recursive: true });
      writeFileSync(`${source}/${file}`, "");
    }
    mkdirSync(`${source}/empty/dir`, { recursive: true });
    symlinkSync("dir", `${source}/link`);
    symlinkSync("nowhere.txt", `${source}/dangling.txt`);
    for (const name of ["caf\xe9.txt", "\xff.bin"])
      writeFileSync(Buffer.concat([Buffer.from(`${source}/`), Buffer.from(name, "latin1")]), "");
    paths = pathsOf(source);
    expectExit(await run("git", ["init", "-q", "--bare", folder.join("repository")]), 0);
  });
  after(() => folder[Symbol.asyncDispose]());

  async function ignoredByGit(patterns: string[]): Promise<Set<string>> {
    writeFileSync(folder.join("patterns"), patterns.map((pattern) => `${pattern}\n`).join(""));
    const settings = [
      "-c",
      `core.excludesFile=${folder.join("patterns")}`,
      "-c",
      "core.bare=false",
      "-c",
      "core.ignoreCase=false",
    ];
    const where = ["--git-dir", folder.join("repository"), "--work-tree", source];
    const args = [...settings, ...where, "check-ignore", "--no-index", "--stdin", "-z"];
    const input = Buffer.from(paths.map((path) => `${path.replace(/\/$/, "")}\0`).join(""), "latin1");
    const env = { GIT_CONFIG_NOSYSTEM: "1", GIT_CONFIG_GLOBAL: "/dev/null" };
    const result = expectExit(await run("git", args, { cwd: source, input, env }), 0, 1);
    return new Set(result.stdout.toString("latin1").split("\0").slice(0, -1));
  }

  async function exported(args: string[]): Promise<string[]> {
    await using work = temporaryFolder();
    await exportTree([source, work.path, "--name", "x", "--format", "tar", ...args]);
    return namesInTar(Buffer.concat(partsOf(work.join("x")).map((part) => readFileSync(part))));
  }

  const isFile = (path: string): boolean => !path.endsWith("/");
  const options = (option: string, patterns: string[]): string[] =>
    patterns.flatMap((pattern) => [`${option}=${pattern}`]);

  for (const [index, patterns] of tables.entries()) {
    test(JSON.stringify(patterns), async () => {
      const ignored = await ignoredByGit(patterns);
      const excluded = await exported(options("--exclude", patterns));
      const kept = paths.filter((path) => !ignored.has(path.replace(/\/$/, "")));
      assert.deepEqual(excluded, kept, "--exclude must leave out what git ignores, folders too");
      // Both options match by the same rules, so that every third pattern is enough to see the other one at work.
      if (index % 3 !== 0) return;
      const included = await exported(options("--include", patterns));
      const chosen = paths.filter((path) => isFile(path) && ignored.has(path));
      assert.deepEqual(
        included.filter(isFile),
        chosen,
        "--include must take the files that git would ignore",
      );
    });
  }

  test("--exclude takes from what --include gives", async () => {
    const [wanted, unwanted] = [
      await ignoredByGit(["dir/", "*.md"]),
      await ignoredByGit(["sub/", "/notes.md"]),
    ];
    const both = await exported([
      "--include",
      "dir/",
      "--include",
      "*.md",
      "--exclude",
      "sub/",
      "--exclude",
      "/notes.md",
    ]);
    assert.deepEqual(
      both.filter(isFile),
      paths.filter((path) => isFile(path) && wanted.has(path) && !unwanted.has(path)),
    );
    assert.ok(both.filter(isFile).length > 2);
  });
});

/** Names of up to 100 bytes are all that this tree has, which is a header's first field; starting tar for each would take a minute. */
function namesInTar(archive: Buffer): string[] {
  const names: string[] = [];
  for (let offset = 0; archive[offset] !== 0;) {
    const header = archive.subarray(offset, offset + 512);
    names.push(header.toString("latin1", 0, header.indexOf(0)));
    const size = Number.parseInt(header.toString("latin1", 124, 135), 8);
    offset += 512 + Math.ceil(size / 512) * 512;
  }
  return names;
}
