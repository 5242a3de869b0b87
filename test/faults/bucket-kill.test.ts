/** An export of gibibytes into a store may die any number of times on the way: what comes out is the same, and little is sent twice. */
import assert from "node:assert/strict";
import { createCipheriv } from "node:crypto";
import { closeSync, mkdirSync, openSync, writeSync } from "node:fs";
import { after, before, suite, test } from "node:test";
import { azurite, leftOvers, madeExport, manifestAt, type RunningStore, swift } from "../buckets/stores.ts";
import { freshPrefix } from "../fixtures/buckets.ts";
import { exportTree } from "../fixtures/exports.ts";
import { seededRandom, seedOfRun } from "../fixtures/random.ts";
import { expectExit, longshore, missingProgram, shell, temporaryFolder } from "../fixtures/run.ts";
import { exportUnderFire } from "../fixtures/under-fire.ts";

const { signal } = new AbortController();
const mebibyte = 2 ** 20;
const workers = 2;
const partSize = 16 * mebibyte;

const kills = Number(process.env["LONGSHORE_TEST_KILLS"] ?? 50);
const gibibytes = Number(process.env["LONGSHORE_TEST_GIBIBYTES"] ?? 2);

/** Bytes that don't compress, the same for the same name; never held whole. */
function writeNoise(file: string, size: number, seed: string): void {
  const noise = createCipheriv("aes-128-ctr", Buffer.alloc(16, `${seed}.`), Buffer.alloc(16));
  const zeros = Buffer.alloc(8 * mebibyte);
  const descriptor = openSync(file, "w");
  for (let left = size; left > 0;) {
    const bytes = noise.update(zeros.subarray(0, Math.min(left, zeros.length)));
    for (let from = 0; from < bytes.length;) from += writeSync(descriptor, bytes, from);
    left -= bytes.length;
  }
  closeSync(descriptor);
}

/** Large files that are split, and some hundreds of small ones. */
function makeTree(source: string): void {
  mkdirSync(source);
  for (let i = 0; i < 4; i++) writeNoise(`${source}/large ${i}`, gibibytes * 256 * mebibyte, `${i}`);
  for (let i = 0; i < 400; i++) writeNoise(`${source}/small ${i}`, i * 500, `small ${i}`);
}

/** Of the stream that the frames hold. */
async function contentDigest(file: string): Promise<string> {
  const { stdout } = expectExit(await shell('zstd -dcq "$1" | sha256sum', [file], { timeoutMs: 600_000 }), 0);
  return stdout.toString().slice(0, 64);
}

for (const kind of [swift, azurite]) {
  suite(`an export of ${gibibytes} GiB into ${kind.server}`, { skip: kind.missing() }, () => {
    const folder = temporaryFolder();
    const source = folder.join("source");
    let store: RunningStore;

    before(async () => {
      makeTree(source);
      store = await kind.start();
    });
    after(async () => {
      await store?.[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    });

    const argsFor = (destination: string): string[] => [
      source,
      destination,
      ...`--name x --part-size ${partSize} --workers ${workers}`.split(" "),
    ];

    /** What the store has, by its own bytes; a local file of it is only for the time being. */
    async function made(prefix: string) {
      const location = store.location(`${prefix}/x`);
      const file = folder.join("object");
      const got = await longshore(["download", location, "-o", file], {
        env: store.env(),
        timeoutMs: 600_000,
      });
      expectExit(got, 0);
      const content = await contentDigest(file);
      expectExit(await shell('rm -- "$1"', [file]), 0);
      return { content, ...(await madeExport(store, `${prefix}/x`)) };
    }

    test(
      `killed by SIGKILL ${kills} times ends as the object of an undisturbed one`,
      { skip: missingProgram("zstd") },
      async (t) => {
        const local = folder.join("local");
        await exportTree(argsFor(local), [0], { timeoutMs: 600_000 });
        expectExit(await longshore(["download", `${local}/x`, "-o", folder.join("file")]), 0);
        const content = await contentDigest(folder.join("file"));
        expectExit(await shell('rm -r -- "$@"', [local, folder.join("file")]), 0);

        const calm = freshPrefix();
        const options = { env: store.env(), timeoutMs: 600_000 };
        const { seconds, parts } = await exportTree(argsFor(store.location(calm)), [0], options);
        const undisturbed = await made(calm);
        assert.equal(undisturbed.content, content, "decompressed it is the local archive");
        await store.destination(`${calm}/x`).removeAll("", signal);

        const random = seededRandom(seedOfRun());
        // So short that one upload is not enough to outlive them all, and long enough that each gets on with it.
        const spanMs = 1500 + (seconds * 1000 * 2.5) / kills;
        let left = kills;
        while (left > 0) {
          const prefix = freshPrefix();
          const began = performance.now();
          const fire = { random, kills: left, spanMs, options };
          const { kills: done } = await exportUnderFire(argsFor(store.location(prefix)), fire);
          left -= done;
          // Whoever finished it may have been killed before the report.
          const { redone } = (await manifestAt(store, `${prefix}/x`)).run;
          t.diagnostic(
            `${done} kills in ${Math.round((performance.now() - began) / 1000)} s (undisturbed ${Math.round(seconds)} s), ` +
              `${parts.total} parts, ${Math.round(redone / mebibyte)} MiB done again, ` +
              `${(redone / mebibyte / Math.max(1, done * workers)).toFixed(1)} for each worker and kill`,
          );
          const most = done * workers * (partSize + mebibyte);
          assert.ok(redone <= most, `${redone} bytes were done again, at most ${most} may`);
          assert.deepEqual(await made(prefix), undisturbed, `seed ${seedOfRun()}`);
          assert.deepEqual(await leftOvers(store, prefix), []);
          const location = store.location(`${prefix}/x`);
          expectExit(await longshore(["verify", location], options), 0);
          await store.destination(`${prefix}/x`).removeAll("", signal);
        }
      },
    );
  });
}
