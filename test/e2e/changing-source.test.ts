/** What the source does between plan and read, and what it never let anyone read, is reported and harms nothing else. */
import assert from "node:assert/strict";
import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { suite, test } from "node:test";
import { expectVerified, exportTree, reportOf } from "../fixtures/exports.ts";
import { mixedBytes } from "../fixtures/mixed-bytes.ts";
import { expectSoundCompression } from "../fixtures/readers.ts";
import {
  expectExit,
  expectOneSentence,
  isRoot,
  longshore,
  longshoreProgram,
  missingProgram,
  run,
  shell,
  start,
  startLongshore,
  temporaryFolder,
  until,
} from "../fixtures/run.ts";
import type { Result, RunOptions, TemporaryFolder } from "../fixtures/run.ts";

const nobody = 65_534;

/** Root may read everything, so what cannot be read has to be met as somebody else. */
const asNobody: RunOptions = isRoot ? { uid: nobody, gid: nobody } : {};

async function noWayForNobody(): Promise<string | false> {
  if (!isRoot) return false;
  const seen = await run("test", ["-x", longshoreProgram], asNobody);
  return seen.code === 0 ? false : "an unprivileged user cannot reach the program";
}

const skipNobody = await noWayForNobody();

type Change = { name: string; kind: RegExp; make: (path: string) => void; change: (path: string) => void };

const write = (path: string): void => writeFileSync(path, `content of ${path}`.repeat(1000));

const changes: Change[] = [
  { name: "vanished", kind: /vanished/i, make: write, change: unlinkSync },
  {
    name: "replaced", kind: /changed/i, make: write,
    change: (path) => {
      writeFileSync(`${path}.new`, readFileSync(path));
      renameSync(`${path}.new`, path);
    },
  },
  { name: "grown", kind: /changed/i, make: write, change: (path) => appendFileSync(path, "more") },
  { name: "shrunk", kind: /changed/i, make: write, change: (path) => truncateSync(path, 100) },
  { name: "emptied", kind: /changed/i, make: write, change: (path) => truncateSync(path, 0) },
  { name: "rewritten", kind: /changed/i, make: write, change: (path) => writeFileSync(path, readFileSync(path).reverse()) },
  {
    name: "now a folder", kind: /changed|vanished/i, make: write,
    change: (path) => {
      unlinkSync(path);
      mkdirSync(path);
    },
  },
  {
    name: "now a link", kind: /changed|vanished|unreadable/i, make: write,
    change: (path) => {
      unlinkSync(path);
      symlinkSync("/etc/passwd", path);
    },
  },
  {
    name: "in a vanished folder", kind: /vanished/i,
    make: (path) => {
      mkdirSync(path);
      write(`${path}/file`);
    },
    change: (path) => rmSync(path, { recursive: true }),
  },
]; // prettier-ignore

const largeMebibytes = 48;

function makeSource(source: string): void {
  mkdirSync(`${source}/z`, { recursive: true });
  writeFileSync(`${source}/0 first and large`, mixedBytes(largeMebibytes * 1024 * 1024, "large"));
  for (const { name, make } of changes) make(`${source}/z/${name}`);
  write(`${source}/z/kept`);
  write(`${source}/z/pipe to be`);
  if (isRoot) chmodSync(source, 0o755);
}

function exportArgs(work: TemporaryFolder, options: string[]): string[] {
  return [
    "export",
    work.join("source"),
    work.join("target"),
    "--name",
    "x",
    "--part-size",
    "1Mi",
    "--json",
    ...options,
  ];
}

/**
 * Stops an export when its plan is frozen: with one worker, what comes last in the order is then still unread behind many large
 * pieces, so that what `change` does falls between plan and read for certain.
 */
async function changeBehindThePlan(
  work: TemporaryFolder,
  options: string[],
  change: () => Promise<void>,
): Promise<Result> {
  const location = work.join("target/x");
  // At the lowest priority the export cannot run away from a test that shares two cores with others.
  const slowly = ["-n", "19", longshoreProgram, ...exportArgs(work, [...options, "--workers", "1"])];
  const running = start("nice", slowly, asNobody);
  await until("the plan to be frozen", () => existsSync(`${location}/plan.json`));
  running.signal("SIGSTOP");
  const receipts = existsSync(`${location}/receipts`) ? readdirSync(`${location}/receipts`).length : 0;
  assert.ok(
    receipts < largeMebibytes - 4,
    `${receipts} parts were packed before the test could change anything`,
  );
  await change();
  running.signal("SIGCONT");
  return running.done;
}

async function prepare(): Promise<TemporaryFolder> {
  const work = temporaryFolder();
  makeSource(work.join("source"));
  mkdirSync(work.join("target"));
  if (isRoot) expectExit(await run("chown", ["-R", `${nobody}:${nobody}`, work.path]), 0);
  return work;
}

async function changeAll(source: string): Promise<void> {
  for (const { name, change } of changes) change(`${source}/z/${name}`);
  // To open a pipe that nobody writes to is to wait for ever.
  unlinkSync(`${source}/z/pipe to be`);
  expectExit(await run("mkfifo", ["pipe to be"], { cwd: `${source}/z` }), 0);
}

function differencesOf(location: string): { line: string; path: string }[] {
  return readFileSync(`${location}/differences.jsonl`, "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => ({ line, path: String((JSON.parse(line) as Record<string, unknown>)["path"]) }));
}

suite("a source that changes after it was planned", { skip: skipNobody }, () => {
  const formats: [format: string, slower: string[]][] = [
    ["tar.zst", ["--level", "9"]],
    ["tar", []],
    ["zip", ["--level", "9"]],
    ["files", []],
  ];
  for (const [format, slower] of formats) {
    test(`is recorded and exported in ${format}`, async () => {
      await using work = await prepare();
      const source = work.join("source");
      const options = ["--format", format, ...slower];
      const result = await changeBehindThePlan(work, options, () => changeAll(source));
      expectExit(result, 3);
      const location = work.join("target/x");
      const differences = differencesOf(location);
      assert.equal(reportOf(result).differences, differences.length);
      const expected = [...changes.map(({ name }) => name), "pipe to be"].sort();
      const named = differences.map(({ path }) => path.slice(2).replace("folder/file", "folder"));
      assert.deepEqual([...new Set(named)].sort(), expected);
      for (const { name, kind } of changes) {
        const lines = differences.filter(({ path }) => path.startsWith(`z/${name}`)).map(({ line }) => line);
        for (const line of lines) assert.match(line, kind);
      }
      await expectVerified(location);
      await stillRestores(work, format);
      expectExit(await longshore(exportArgs(work, options), asNobody), 3);
    });
  }

  async function stillRestores(work: TemporaryFolder, format: string): Promise<void> {
    const location = work.join("target/x");
    const kept = readFileSync(work.join("source/z/kept"));
    if (format === "tar.zst" && missingProgram("zstd") === false) {
      await expectSoundCompression(
        "tar.zst",
        readdirSync(`${location}/parts`).map((name) => `${location}/parts/${name}`),
      );
      const taken = expectExit(
        await shell('cat parts/* | zstd -dcq | tar -xO "z/kept"', [], { cwd: location }),
        0,
      );
      assert.ok(taken.stdout.equals(kept));
      const names = expectExit(
        await shell("cat parts/* | zstd -dcq | tar -t", [], { cwd: location }),
        0,
      ).stdout.toString();
      assert.equal(
        names.split("\n").length - 1,
        2 + changes.length + 3,
        "the planned entries must all stand in the archive",
      );
    }
    const out = expectExit(await longshore(["extract", location, work.join("out")]), 0);
    assert.ok(readFileSync(work.join("out/z/kept")).equals(kept));
    assert.ok(!existsSync(work.join("out/z/vanished")), "what was never read must not be restored as zeros");
    assert.match(`${out.stdout.toString()}${out.stderr}`, /vanished/, "what was left out must be listed");
    const leaked = existsSync(work.join("out/z/now a link"))
      ? readFileSync(work.join("out/z/now a link"), "utf8")
      : "";
    assert.doesNotMatch(leaked, /root:/, "no link may be followed");
  }

  test("fails with --differences fail and says what was different", async () => {
    await using work = await prepare();
    const result = await changeBehindThePlan(work, ["--differences", "fail"], () =>
      changeAll(work.join("source")),
    );
    expectExit(result, 1);
    assert.match(expectOneSentence(result), /differ|changed|vanished/i);
  });
});

suite("a source that may not be read", { skip: skipNobody }, () => {
  test("gives differences for a file and a folder", async () => {
    await using work = await prepare();
    const source = work.join("source");
    for (const path of ["z/kept", "z/grown"]) chmodSync(`${source}/${path}`, 0);
    chmodSync(`${source}/z/in a vanished folder`, 0);
    const args = [source, work.join("target"), "--name", "x"];
    const report = await exportTree(args, [3], asNobody);
    assert.equal(report.differences, 3);
    const differences = differencesOf(work.join("target/x"));
    assert.deepEqual(differences.map(({ path }) => path.replace(/\/$/, "")).sort(), [
      "z/grown",
      "z/in a vanished folder",
      "z/kept",
    ]);
    for (const { line } of differences) assert.match(line, /unreadable/i);
    await expectVerified(work.join("target/x"));
    const failing = await longshore(
      ["export", ...args.slice(0, 2), "--name", "y", "--differences", "fail"],
      asNobody,
    );
    expectOneSentence(expectExit(failing, 1));
    chmodSync(`${source}/z/in a vanished folder`, 0o755);
  });

  test("fails when it is the source itself", async () => {
    await using work = await prepare();
    chmodSync(work.join("source"), 0);
    const result = await longshore(
      ["export", work.join("source"), work.join("target"), "--name", "x"],
      asNobody,
    );
    assert.match(expectOneSentence(expectExit(result, 1)), /source/);
    chmodSync(work.join("source"), 0o755);
  });

  test("is no reason to fail for its socket", async () => {
    await using work = await prepare();
    const made = await run("python3", [
      "-c",
      "import socket, sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])",
      work.join("source/z/socket"),
    ]);
    expectExit(made, 0);
    const report = await exportTree([work.join("source"), work.join("target"), "--name", "x"], [3]);
    assert.equal(report.differences, 1);
    assert.match(
      differencesOf(work.join("target/x"))[0]?.line ?? "",
      /z\/socket.*unsupported|unsupported.*z\/socket/i,
    );
  });
});

suite("two processes with one name", () => {
  test("do not disturb each other", async () => {
    await using work = temporaryFolder();
    makeSource(work.join("source"));
    const args = ["export", work.join("source"), work.path, "--name", "x", "--part-size", "1Mi"];
    const both = [startLongshore(args), startLongshore(args)];
    const results = await Promise.all(both.map(({ done }) => done));
    assert.ok(
      results.some(({ code }) => code === 0),
      results.map(({ stderr }) => stderr).join(),
    );
    for (const result of results.filter(({ code }) => code !== 0)) expectOneSentence(expectExit(result, 1));
    await expectVerified(work.join("x"));
    expectExit(await longshore(args), 0);
  });

  test("the second says who is at work", async () => {
    await using work = temporaryFolder();
    makeSource(work.join("source"));
    const args = ["export", work.join("source"), work.path, "--name", "x", "--part-size", "1Mi"];
    const first = startLongshore(args);
    await until("the first to begin", () => existsSync(work.join("x/plan.json")));
    first.signal("SIGSTOP");
    const second = expectExit(await longshore(args), 1);
    assert.match(expectOneSentence(second), new RegExp(`\\b${first.pid}\\b`));
    first.signal("SIGCONT");
    expectExit(await first.done, 0);
    await expectVerified(work.join("x"));
  });
});
