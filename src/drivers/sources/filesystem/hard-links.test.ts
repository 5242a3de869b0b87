import assert from "node:assert/strict";
import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { temporaryFolder } from "../../../../test/fixtures/run.ts";
import { hardLinks } from "./hard-links.ts";

test("the first name carries the content, in memory and past its limit on disk", async () => {
  await using work = temporaryFolder();
  const scratch = work.join("scratch");
  const links = hardLinks(scratch, 2);
  const inodes = [1n, 2n, 3n, 4n, 5n];
  for (const inode of inodes) assert.equal(links.carrierOf(1n, inode, 3n, `\xff${inode}`), `\xff${inode}`);
  assert.ok(existsSync(scratch));
  for (const round of ["second", "third"])
    for (const inode of inodes)
      assert.equal(links.carrierOf(1n, inode, 3n, `${round} of ${inode}`), `\xff${inode}`);
  // All names were seen: whatever has the number now is another file.
  for (const inode of inodes) assert.equal(links.carrierOf(1n, inode, 2n, `new ${inode}`), `new ${inode}`);
  for (const inode of inodes)
    assert.equal(links.carrierOf(2n, inode, 2n, `elsewhere ${inode}`), `elsewhere ${inode}`);
  links.close();
  assert.deepEqual(readdirSync(scratch), []);
});

test("without need there is no file, and two walks at once have their own", async () => {
  await using work = temporaryFolder();
  const scratch = work.join("scratch");
  const idle = hardLinks(scratch, 10);
  idle.carrierOf(1n, 1n, 2n, "a");
  idle.close();
  assert.ok(!existsSync(scratch));
  const both = [hardLinks(scratch, 0), hardLinks(scratch, 0)];
  for (const [i, links] of both.entries())
    assert.equal(links.carrierOf(1n, 1n, 2n, `walk ${i}`), `walk ${i}`);
  for (const [i, links] of both.entries()) assert.equal(links.carrierOf(1n, 1n, 2n, "other"), `walk ${i}`);
  for (const links of both) links.close();
});

test("what a killed process of the same number left is no obstacle", async () => {
  await using work = temporaryFolder();
  mkdirSync(work.join("scratch"));
  for (let i = 0; i < 10; i++) writeFileSync(work.join(`scratch/links-${process.pid}-${i}`), "left");
  const links = hardLinks(work.join("scratch"), 0);
  assert.equal(links.carrierOf(1n, 1n, 2n, "a"), "a");
  links.close();
});
