import assert from "node:assert/strict";
import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { temporaryFolder } from "../../../../test/fixtures/run.ts";
import { type Listing, openListing } from "./listing.ts";

const roomy = { limit: 128 * 2 ** 20, perFolder: 64 * 2 ** 20 };

function drain(listing: Listing): string[] {
  const names: string[] = [];
  for (let name = listing.next(); name !== undefined; name = listing.next()) names.push(name);
  listing.close();
  return names;
}

/** 9,000 names of 200 bytes are twice what is held of one folder at least. */
function fill(folder: string): string[] {
  const names = Array.from({ length: 9000 }, (_, i) =>
    `${(i * 7919) % 9000}`.padEnd(200, i % 3 === 0 ? "\xff" : "-"),
  );
  for (const [i, name] of names.entries()) {
    const path = Buffer.from(`${folder}/${name}`, "latin1");
    if (i % 100 === 0) mkdirSync(path);
    else writeFileSync(path, "");
  }
  return names.map((name, i) => (i % 100 === 0 ? `${name}/` : name)).toSorted((a, b) => (a < b ? -1 : 1));
}

test("what does not fit in memory comes in the same order from disk, and leaves nothing there", async () => {
  await using work = temporaryFolder();
  mkdirSync(work.join("tree"));
  const expected = fill(work.join("tree"));
  const descriptors = readdirSync("/proc/self/fd").length;
  const budget = { held: 0, ...roomy };
  assert.deepEqual(drain(openListing(work.join("tree"), budget, work.join("unused"))), expected);
  assert.ok(!existsSync(work.join("unused")), "scratch is made when it is needed");
  const tight = { held: 0, limit: 0, perFolder: 0 };
  const listing = openListing(work.join("tree"), tight, work.join("scratch"));
  assert.ok(tight.held < 1.5 * 2 ** 20, `${tight.held} bytes held`);
  assert.deepEqual(readdirSync(work.join("scratch")), [], "what is spilled has no name");
  assert.deepEqual(drain(listing), expected);
  listing.close();
  assert.deepEqual([budget.held, tight.held], [0, 0], "closed twice, released once");
  assert.equal(readdirSync("/proc/self/fd").length, descriptors);
});

test("an empty folder has no names, and one that is none is the system's error", async () => {
  await using work = temporaryFolder();
  const budget = { held: 0, ...roomy };
  assert.deepEqual(drain(openListing(work.path, budget, "/nowhere")), []);
  assert.throws(() => openListing(work.join("none"), budget, "/nowhere"), { code: "ENOENT" });
  assert.equal(budget.held, 0);
});
