/** The contract of the command line: exit codes, one sentence for an error, one document with --json, and nothing else. */
import assert from "node:assert/strict";
import { mkdirSync, readFileSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { after, before, suite, test } from "node:test";
import { exportTree, manifestOf, reportOf } from "../fixtures/exports.ts";
import { mixedBytes } from "../fixtures/mixed-bytes.ts";
import {
  expectExit,
  expectOneSentence,
  longshore,
  longshoreProgram,
  missingProgram,
  run,
  temporaryFolder,
} from "../fixtures/run.ts";

suite("wrong use", () => {
  const folder = temporaryFolder();
  const source = folder.join("source");
  const target = folder.join("target");
  const finished = folder.join("finished");

  before(async () => {
    mkdirSync(`${source}/inside`, { recursive: true });
    mkdirSync(`${folder.path}/empty`);
    writeFileSync(`${source}/file`, "content");
    writeFileSync(`${source}/inside/file`, "content");
    symlinkSync(source, folder.join("link to source"));
    await exportTree([source, folder.path, "--name", "finished"]);
    await exportTree([source, folder.path, "--name", "newer"]);
    const manifest = folder.join("newer/manifest.json");
    writeFileSync(
      manifest,
      readFileSync(manifest, "utf8").replace(/"formatVersion":\s*1\b/, '"formatVersion": 99'),
    );
    mkdirSync(folder.join("occupied/x"), { recursive: true });
    writeFileSync(folder.join("occupied/x/someone else's"), "data");
  });
  after(() => folder[Symbol.asyncDispose]());

  const to =
    (...more: string[]): (() => string[]) =>
    () => ["export", source, target, ...more];
  const wrong: [name: string, args: () => string[]][] = [
    ["an unknown option", to("--colour")],
    ["an unknown command", () => ["exprot", source, target]],
    ["a missing destination", () => ["export", source]],
    ["a missing source", () => ["export"]],
    ["one argument too many", to("third")],
    ["an option without its value", to("--level")],
    ["a size of an unknown unit", to("--part-size", "64Zi")],
    ["a negative size", to("--part-size", "-1")],
    ["a size that is no number", to("--part-size", "abc")],
    ["a size of nothing", to("--part-size", "0")],
    ["an empty size", to("--part-size", "")],
    ["an endless size", to("--part-size", "1e400")],
    ["an open bracket in --exclude", to("--exclude", "[")],
    ["an open bracket in --include", to("--include", "a[b-")],
    ["a trailing backslash", to("--exclude", "a\\")],
    ["an empty pattern", to("--exclude", "")],
    ["a pattern that is a comment", to("--include", "#notes")],
    ["a pattern that begins with ./", to("--include", "./folder")],
    ["a pattern that leaves the source", to("--exclude", "folder/../../x")],
    ["a level that is no number", to("--level", "high")],
    ["a level too high", to("--level", "23")],
    ["a level that is no whole number", to("--level", "3.5")],
    ["a level that gzip lacks", to("--format", "tar.gz", "--level", "10")],
    ["an unknown format", to("--format", "rar")],
    ["an unknown way with differences", to("--differences", "ignore")],
    ["no workers", to("--workers", "0")],
    ["workers that are no number", to("--workers", "many")],
    ["an empty name", to("--name", "")],
    ["a name that leaves the destination", to("--name", "../x")],
    ["a name of dots", to("--name", "..")],
    ["a destination inside the source", () => ["export", source, `${source}/inside`]],
    ["a destination that is the source", () => ["export", source, source]],
    [
      "a destination inside the source by a link",
      () => ["export", source, folder.join("link to source/inside")],
    ],
    ["an export that would lie over its source", () => ["export", source, folder.path, "--name", "source"]],
    ["an unknown scheme", () => ["export", "ftp://host/x", target]],
    ["verify without a location", () => ["verify"]],
    ["extract without a folder", () => ["extract", finished]],
  ];
  for (const [name, args] of wrong) {
    test(`${name} is refused with exit 2`, async () => {
      const result = expectExit(await longshore(args()), 2);
      expectOneSentence(result);
      assert.equal(result.stdout.length, 0, "wrong use leaves stdout to those who pipe it");
    });
  }

  test("nothing was written by wrong use", () => {
    assert.deepEqual(
      readdirSync(folder.path).filter((name) => name === "target"),
      [],
    );
    assert.deepEqual(readdirSync(`${source}/inside`), ["file"]);
  });

  const failing: [name: string, says: RegExp, args: () => string[]][] = [
    ["a source that does not exist", /nowhere/, () => ["export", folder.join("nowhere"), target]],
    ["verify of an empty folder", /empty/, () => ["verify", folder.join("empty")]],
    ["verify of no folder", /nowhere/, () => ["verify", folder.join("nowhere")]],
    ["ls of the source", /source/, () => ["ls", source]],
    ["extract of the source", /source/, () => ["extract", source, target]],
    ["download of the source", /source/, () => ["download", source, "-o", folder.join("out")]],
    ["ls of a path that is not there", /absent/, () => ["ls", finished, "absent"]],
    [
      "extract of a path that is not there",
      /absent/,
      () => ["extract", finished, folder.join("out"), "absent"],
    ],
    ["verify of a newer format version", /99|newer/, () => ["verify", folder.join("newer")]],
    [
      "extract of a newer format version",
      /99|newer/,
      () => ["extract", folder.join("newer"), folder.join("out")],
    ],
    [
      "going on with a newer format version",
      /99|newer/,
      () => ["export", source, folder.path, "--name", "newer"],
    ],
    [
      "another format for a finished export",
      /format/,
      () => ["export", source, folder.path, "--name", "finished", "--format", "tar"],
    ],
    [
      "another level for a finished export",
      /level/,
      () => ["export", source, folder.path, "--name", "finished", "--level", "9"],
    ],
    [
      "another part size for a finished export",
      /part/,
      () => ["export", source, folder.path, "--name", "finished", "--part-size", "1Mi"],
    ],
    [
      "another filter for a finished export",
      /exclude/,
      () => ["export", source, folder.path, "--name", "finished", "--exclude", "x"],
    ],
    [
      "another source for a finished export",
      /source/i,
      () => ["export", `${source}/inside`, folder.path, "--name", "finished"],
    ],
    [
      "a folder that holds other things",
      /occupied/,
      () => ["export", source, folder.join("occupied"), "--name", "x"],
    ],
    ["a destination that is a file", /file/, () => ["export", source, `${source}/file`, "--name", "x"]],
    [
      "a destination under a file",
      /manifest/,
      () => ["export", source, folder.join("finished/manifest.json/x")],
    ],
    [
      "a missing signing key",
      /no-key/,
      () => ["export", source, target, "--sign-key", folder.join("no-key")],
    ],
  ];
  for (const [name, says, args] of failing) {
    test(`${name} fails`, async () => {
      const result = expectExit(await longshore(args()), 1, 2);
      assert.match(expectOneSentence(result), says);
      assert.equal(result.stdout.length, 0);
    });
  }

  test("a key that is no key is refused", async () => {
    writeFileSync(folder.join("bad key"), "-----BEGIN NOTHING-----");
    const result = await longshore(["export", source, target, "--sign-key", folder.join("bad key")]);
    assert.match(expectOneSentence(expectExit(result, 1, 2)), /key/);
  });

  test("an error with --json leaves stdout empty or one document", async () => {
    const result = expectExit(await longshore(["export", folder.join("nowhere"), target, "--json"]), 1);
    expectOneSentence(result);
    if (result.stdout.length > 0) JSON.parse(result.stdout.toString());
  });

  test("the finished export is untouched by all that was refused", async () => {
    expectExit(await longshore(["verify", finished]), 0);
  });
});

suite("reports", () => {
  test("export --json prints one document with exactly the promised keys", async () => {
    await using work = temporaryFolder();
    mkdirSync(work.join("source/folder"), { recursive: true });
    writeFileSync(work.join("source/a"), "aa");
    writeFileSync(work.join("source/folder/b"), "bbb");
    const result = expectExit(
      await longshore(["export", work.join("source"), work.path, "--name", "x", "--json"]),
      0,
    );
    assert.equal(result.stderr, "");
    const report = reportOf(result);
    const shape = (value: object): string[] => Object.keys(value).sort();
    const keys = [
      "archive",
      "bytes",
      "differences",
      "files",
      "location",
      "manifestDigest",
      "name",
      "parts",
      "seconds",
      "state",
    ];
    assert.deepEqual(shape(report), keys);
    assert.deepEqual(shape(report.parts), ["reused", "succeeded", "total"]);
    assert.deepEqual(shape(report.bytes), ["redone", "source", "written"]);
    for (const key of report.archive === null ? [] : shape(report.archive))
      assert.match(key, /^(?:file|size|etag)$/);
    assert.deepEqual([report.name, report.files, report.differences], ["x", 2, 0]);
    assert.deepEqual(report.parts, { total: 2, succeeded: 2, reused: 0 });
    assert.deepEqual([report.bytes.source, report.bytes.redone], [5, 0]);
    assert.equal(report.location, work.join("x"));
    assert.ok(report.seconds >= 0 && report.bytes.written > 0);
    const sum = await run("sha256sum", [work.join("x/manifest.json")]);
    assert.ok(report.manifestDigest.endsWith(sum.stdout.toString().slice(0, 64)), report.manifestDigest);
    assert.equal(manifestOf(work.join("x")).formatVersion, 1);
  });

  test("verify --json prints one document", async () => {
    await using work = temporaryFolder();
    mkdirSync(work.join("source"));
    await exportTree([work.join("source"), work.path, "--name", "x"]);
    const result = expectExit(await longshore(["verify", work.join("x"), "--json"]), 0);
    assert.equal(typeof JSON.parse(result.stdout.toString()), "object");
    assert.equal(result.stderr, "");
  });

  test("with --json what comes to nothing is one document as well, whatever was wrong", async () => {
    await using work = temporaryFolder();
    const none = work.join("none");
    const failing: [code: string, args: string[]][] = [
      ["InvalidArgument", ["export", "/etc/hosts", work.path, "--name", "a/b"]],
      ["InvalidArgument", ["export", "/etc/hosts", work.path, "--scratch", none]],
      ["InvalidKey", ["export", "/etc/hosts", work.path, "--sign-key", none]],
      ["InvalidArgument", ["export", "/etc/hosts", "s3://bucket?bogus=1"]],
      ["InvalidArgument", ["export", "/etc/hosts"]],
      ["SourceNotFound", ["export", none, work.path]],
      ["NotAnExport", ["verify", none]],
      ["NotAnExport", ["extract", none, work.path]],
    ];
    for (const [code, args] of failing) {
      const result = expectExit(await longshore([...args, "--json"]), 1, 2);
      const document = JSON.parse(result.stdout.toString()) as { state: string; error: { code: string } };
      assert.deepEqual([document.state, document.error.code], ["Failed", code], args.join(" "));
    }
    assert.equal(expectExit(await longshore(["ls", none, "--json"]), 1).stdout.length, 0);
  });

  test("ends without a word when nobody reads what it writes any more", async () => {
    await using work = temporaryFolder();
    mkdirSync(work.join("source"));
    writeFileSync(work.join("source/random"), mixedBytes(4 * 2 ** 20, "random"));
    for (let i = 0; i < 3000; i++) writeFileSync(work.join(`source/${"n".repeat(60)}${i}`), "");
    await exportTree([work.join("source"), work.path, "--name", "x", "--format", "tar"]);
    for (const args of ["ls", "download -o -"]) {
      const script = `"$1" ${args} "$2" | head -c 1 > "$3"; exit "\${PIPESTATUS[0]}"`;
      const result = await run("bash", [
        "-c",
        script,
        "bash",
        longshoreProgram,
        work.join("x"),
        work.join("y"),
      ]);
      expectExit(result, 141);
      assert.equal(result.stderr, "");
    }
  });

  test("the name of an export is the base name of its source unless it is given", async () => {
    await using work = temporaryFolder();
    mkdirSync(work.join("my source"));
    const report = await exportTree([`${work.join("my source")}/`, work.join("target")]);
    assert.equal(report.location, work.join("target", "my source"));
  });

  test("one file is a source", async () => {
    await using work = temporaryFolder();
    writeFileSync(work.join("one file"), "content");
    await exportTree([work.join("one file"), work.join("target"), "--name", "x"]);
    const listed = expectExit(await longshore(["ls", work.join("target/x")]), 0);
    assert.equal(listed.stdout.toString(), "one file\n");
  });

  test("paths may be relative and file URLs", async () => {
    await using work = temporaryFolder();
    mkdirSync(work.join("source"));
    writeFileSync(work.join("source/a b"), "content");
    await exportTree(["source", "target", "--name", "x"], [0], { cwd: work.path });
    expectExit(await longshore(["verify", `file://${work.join("target/x")}`]), 0);
  });

  test("download without -o names the file after the export", async () => {
    await using work = temporaryFolder();
    mkdirSync(work.join("source"));
    mkdirSync(work.join("here"));
    const { archive } = await exportTree([work.join("source"), work.join("target"), "--name", "x"]);
    expectExit(await longshore(["download", work.join("target/x")], { cwd: work.join("here") }), 0);
    assert.deepEqual(readdirSync(work.join("here")), ["x.tar.zst"]);
    if (archive !== null) assert.equal(archive.file, "x.tar.zst");
  });

  test("download replaces no file that is there", async () => {
    await using work = temporaryFolder();
    mkdirSync(work.join("source"));
    await exportTree([work.join("source"), work.path, "--name", "x"]);
    writeFileSync(work.join("out"), "precious");
    expectOneSentence(expectExit(await longshore(["download", work.join("x"), "-o", work.join("out")]), 1));
    assert.equal(readFileSync(work.join("out"), "utf8"), "precious");
  });
});

suite("help", () => {
  for (const args of [
    ["--help"],
    ["export", "--help"],
    ["extract", "--help"],
    ["verify", "--help"],
    ["ls", "--help"],
    ["download", "--help"],
  ]) {
    test(`longshore ${args.join(" ")} shows an example`, async () => {
      const text = expectExit(await longshore(args), 0).stdout.toString();
      assert.match(text, /example/i);
      assert.match(text, /\blongshore (?:export|verify|ls|extract|download) \S/);
    });
  }

  test("--version prints the version of the package", async () => {
    const version = expectExit(await longshore(["--version"]), 0)
      .stdout.toString()
      .trim();
    const stated = JSON.parse(readFileSync(`${import.meta.dirname}/../../package.json`, "utf8")) as {
      version: string;
    };
    assert.ok(version.includes(stated.version), version);
  });

  const checks: [shell: string, args: string[]][] = [
    ["bash", ["-n"]],
    ["zsh", ["-n"]],
    ["fish", ["--no-execute"]],
  ];
  for (const [shell, args] of checks) {
    test(`completion ${shell} names the commands`, async () => {
      const script = expectExit(await longshore(["completion", shell]), 0).stdout.toString();
      for (const word of ["export", "verify", "extract", "download"])
        assert.match(script, new RegExp(`\\b${word}\\b`));
    });
    test(`completion ${shell} is sound ${shell}`, { skip: missingProgram(shell) }, async () => {
      await using work = temporaryFolder();
      writeFileSync(work.join("script"), (await longshore(["completion", shell])).stdout);
      expectExit(await run(shell, [...args, work.join("script")]), 0);
    });
  }

  test("completion of an unknown shell is refused", async () => {
    expectOneSentence(expectExit(await longshore(["completion", "tcsh"]), 2));
  });
});
