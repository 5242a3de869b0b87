/** A zip has fewer kinds of entry and many more readers: each must be content, and find what the format can hold. */
import assert from "node:assert/strict";
import { lstatSync } from "node:fs";
import { after, before, suite, test } from "node:test";
import { digestOf, expectVerified, exportTree } from "../fixtures/exports.ts";
import { makeHostileTree } from "../fixtures/hostile-tree.ts";
import { expectSilent } from "../fixtures/readers.ts";
import {
  expectExit,
  isRoot,
  longshore,
  missingProgram,
  run,
  shell,
  temporaryFolder,
} from "../fixtures/run.ts";
import { assertSameTree, listTree } from "../fixtures/tree-listing.ts";
import type { EntryType, TreeOptions } from "../fixtures/tree-listing.ts";

/** Prints the lines that `listTree` makes, from nothing but the archive. Names without the UTF-8 flag are bytes, which Python reads as code page 437. */
const pythonZip = `
import hashlib, stat, sys, zipfile
def quote(name):
    return "".join(chr(b) if 32 <= b < 127 and b != 92 else "\\\\x%02x" % b for b in name)
with zipfile.ZipFile(sys.argv[1]) as archive:
    for info in archive.infolist():
        name = info.orig_filename.encode("utf-8" if info.flag_bits & 0x800 else "cp437")
        mode = info.external_attr >> 16
        kind = {stat.S_IFREG: "file", stat.S_IFDIR: "directory", stat.S_IFLNK: "symlink"}[stat.S_IFMT(mode)]
        line = quote(name.rstrip(b"/")) + "\\t" + kind
        assert (kind == "directory") == name.endswith(b"/"), name
        content = archive.read(info)
        if kind != "symlink":
            line += " %04o" % stat.S_IMODE(mode)
        if kind == "file":
            line += " %d bytes %s" % (len(content), hashlib.sha256(content).hexdigest())
        if kind == "symlink":
            line += " -> " + quote(content)
        print(line)
`;

const stored = (type: EntryType): boolean => type === "file" || type === "directory" || type === "symlink";

/** Hard links are stored as files of their own; owners and fractions of seconds have no place that all readers know. */
const keeps: TreeOptions = {
  times: "none",
  owners: false,
  hardLinks: false,
  leaveOut: (_, type) => !stored(type),
};

for (const [size, option] of [
  ["parts of 1 MiB", ["--part-size", "1Mi"]],
  ["parts of the default size", []],
] satisfies [string, string[]][]) {
  suite(`a hostile tree as zip, ${size}`, () => {
    const folder = temporaryFolder();
    const source = folder.join("source");
    const location = folder.join("x");
    const archive = folder.join("x.zip");

    before(async () => {
      await makeHostileTree(source);
      await exportTree([source, folder.path, "--name", "x", "--format", "zip", ...option], [3]);
      expectExit(await longshore(["download", location, "-o", archive]), 0);
    });
    after(() => folder[Symbol.asyncDispose]());

    test("is verified, and its parts joined are the download", async () => {
      await expectVerified(location);
      const joined = expectExit(await shell("cat parts/* | sha256sum", [], { cwd: location }), 0);
      assert.equal(digestOf(archive), joined.stdout.toString().slice(0, 64));
      expectExit(await shell("sha256sum --strict -c SHA256SUMS", [], { cwd: location }), 0);
    });

    test("is extracted by Longshore with times and owners", async () => {
      await using target = temporaryFolder();
      expectExit(await longshore(["extract", location, target.path]), 0);
      const options: TreeOptions = { ...keeps, times: "microseconds", owners: isRoot };
      assertSameTree(listTree(source, options), listTree(target.path, options), "longshore extract");
    });

    test("is read by Python", { skip: missingProgram("python3") }, async () => {
      expectSilent(await run("python3", ["-W", "error", "-m", "zipfile", "-t", archive]));
      const read = await run("python3", ["-W", "error", "-c", pythonZip, archive]);
      expectSilent(read);
      const lines = read.stdout.toString().trimEnd().split("\n");
      assertSameTree(listTree(source, keeps), lines, "Python zipfile");
    });

    test("is tested by unzip", { skip: missingProgram("unzip") }, async () => {
      expectSilent(await run("unzip", ["-qqt", archive]));
    });

    test("is extracted by unzip", { skip: missingProgram("unzip") }, async () => {
      await using target = temporaryFolder();
      expectSilent(await run("unzip", ["-qq", "-o", "-K", "-^", archive, "-d", target.path]));
      assertSameTree(listTree(source, keeps), listTree(target.path, keeps), "unzip");
      sameSeconds(target.path);
    });

    test("is extracted by bsdtar", { skip: missingProgram("bsdtar") }, async () => {
      await using target = temporaryFolder();
      expectSilent(await run("bsdtar", ["-C", target.path, "-xpf", archive]));
      // libarchive composes UTF-8 names of zip archives, so the decomposed one comes back under the other's name.
      const leaveOut = (path: string, type: EntryType): boolean => /composed/.test(path) || !stored(type);
      const kept: TreeOptions = { ...keeps, leaveOut };
      assertSameTree(listTree(source, kept), listTree(target.path, kept), "bsdtar");
      sameSeconds(target.path);
    });

    /** The extended time stamp is 32 bits wide, so only times between 1970 and 2038 can be asked for. */
    function sameSeconds(target: string): void {
      for (const path of [
        "root file 1",
        "sizes/1048577",
        "times/whole second",
        "times/last nanosecond",
        "names/-rf",
      ]) {
        const [made, kept] = [source, target].map(
          (tree) => lstatSync(`${tree}/${path}`, { bigint: true }).mtimeNs,
        );
        assert.equal((kept ?? 0n) / 1_000_000_000n, (made ?? 0n) / 1_000_000_000n, path);
      }
    }
  });
}
