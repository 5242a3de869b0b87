/** What proves an export must be checkable without Longshore: by sha256sum, by openssl, and by anyone who reads JSON. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { suite, test } from "node:test";
import { digestOf, expectVerified, exportTree, filesOf } from "../fixtures/exports.ts";
import { mixedBytes } from "../fixtures/mixed-bytes.ts";
import { expectExit, longshore, missingProgram, run, shell, temporaryFolder } from "../fixtures/run.ts";

function makeTree(source: string): void {
  mkdirSync(`${source}/folder`, { recursive: true });
  writeFileSync(`${source}/large`, mixedBytes(5_000_000, "large"));
  for (let index = 0; index < 20; index += 1)
    writeFileSync(`${source}/folder/${index}`, mixedBytes(index * 999, `${index}`));
}

async function makeKey(file: string): Promise<void> {
  expectExit(await run("openssl", ["genpkey", "-algorithm", "ed25519", "-out", file]), 0);
}

suite("proof", () => {
  test("the manifest has size and digest of every other file", async () => {
    await using work = temporaryFolder();
    makeTree(work.join("source"));
    await exportTree([work.join("source"), work.path, "--name", "x", "--part-size", "1Mi"]);
    const text = readFileSync(work.join("x/manifest.json"), "utf8");
    for (const name of filesOf(work.join("x"))) {
      if (/^(?:manifest\.json|SHA256SUMS|lock)$/.test(name)) continue;
      assert.ok(text.includes(JSON.stringify(name)), `${name} must be in the manifest`);
      assert.ok(
        text.includes(digestOf(work.join("x", name))),
        `the digest of ${name} must be in the manifest`,
      );
      assert.match(text, new RegExp(`\\b${statSync(work.join("x", name)).size}\\b`));
    }
  });

  test("openssl confirms the signed statement", { skip: missingProgram("openssl") }, async () => {
    await using work = temporaryFolder();
    makeTree(work.join("source"));
    await makeKey(work.join("key.pem"));
    await exportTree([work.join("source"), work.path, "--name", "x", "--sign-key", work.join("key.pem")]);
    expectExit(
      await run("openssl", ["pkey", "-in", work.join("key.pem"), "-pubout", "-out", work.join("public.pem")]),
      0,
    );
    const files = ["-in", work.join("x/statement.json"), "-sigfile", work.join("x/statement.json.sig")];
    const check = ["pkeyutl", "-verify", "-pubin", "-inkey", work.join("public.pem"), "-rawin", ...files];
    expectExit(await run("openssl", check), 0);
    assert.equal(statSync(work.join("x/statement.json.sig")).size, 64);
    assert.ok(
      readFileSync(work.join("x/statement.json"), "utf8").includes(digestOf(work.join("x/manifest.json"))),
    );
    await expectVerified(work.join("x"));
    // The signature is over these bytes, and verify without a key at least sees that the statement speaks of another manifest.
    const statement = readFileSync(work.join("x/statement.json"), "utf8");
    writeFileSync(
      work.join("x/statement.json"),
      statement.replace(digestOf(work.join("x/manifest.json")), "0".repeat(64)),
    );
    assert.notEqual((await run("openssl", check)).code, 0);
    expectExit(await longshore(["verify", work.join("x")]), 1);
  });

  test(
    "--entry-digests gives the digest of every file, and of every piece of a split one",
    { skip: missingProgram("zstd") },
    async () => {
      await using work = temporaryFolder();
      makeTree(work.join("source"));
      const args = ["--entry-digests", "--part-size", "1Mi"];
      await exportTree([work.join("source"), work.path, "--name", "x", ...args]);
      const index = expectExit(
        await shell("zstd -dcq < index.jsonl.zst", [], { cwd: work.join("x") }),
        0,
      ).stdout.toString();
      for (let each = 0; each < 20; each += 1)
        assert.ok(index.includes(digestOf(work.join(`source/folder/${each}`))), `${each}`);
      const pieces = index.split("\n").filter((line) => line.includes('"large"'));
      assert.ok(pieces.length > 2, "a large file must be split");
      const digests = pieces.map((line) => /"sha256":"([0-9a-f]{64})"/.exec(line)?.[1]);
      const bytes = readFileSync(work.join("source/large"));
      const first = createHash("sha256")
        .update(bytes.subarray(0, 1024 * 1024))
        .digest("hex");
      assert.equal(digests[0], first);
      assert.equal(new Set(digests).size, pieces.length);
    },
  );
});
