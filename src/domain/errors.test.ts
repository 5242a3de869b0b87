import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { catalogue, type ErrorCode, hasCode, LongshoreError, undefinedIf } from "./errors.ts";
import { resourceHint } from "./resources/resource-hints.ts";

const root = join(import.meta.dirname, "..");

test("every code says what to do next, as a part of a sentence", () => {
  for (const [code, { hint }] of Object.entries(catalogue)) {
    assert.match(code, /^(?:[A-Z][a-z]+)+$/);
    assert.match(hint, /^(?:`|[a-z])/, `the hint of ${code} begins in lower case`);
    assert.match(hint, /\S+ \S+/, `the hint of ${code} is more than a word`);
    assert.doesNotMatch(hint, /[.!\n]$|^\s|\s$/, `the hint of ${code} has no end of its own`);
    assert.ok(hint.length < 120, `the hint of ${code} fits a line`);
  }
});

test("every code is used", () => {
  const sources = readdirSync(root, { recursive: true, encoding: "utf8" })
    .filter((name) => /\.tsx?$/.test(name) && !name.endsWith(".test.ts") && name !== "domain/errors.ts")
    .map((name) => readFileSync(join(root, name), "utf8"))
    .join("\n");
  const unused = Object.keys(catalogue).filter((code) => !sources.includes(`"${code}"`));
  assert.deepEqual(unused, []);
});

test("hints of conditions speak of a spec, and of no command", () => {
  for (const code of Object.keys(catalogue) as ErrorCode[]) {
    const hint = resourceHint(code);
    if (hint === catalogue[code].hint) continue;
    assert.doesNotMatch(hint, /--|command|environment|profile|longshore/, code);
    assert.equal(resourceHint(code, "use another --name"), hint);
  }
  assert.equal(resourceHint("PlaceNotAllowed", "name a bucket"), "name a bucket");
});

test("wrong usage is never worth a retry", () => {
  for (const [code, { severity, retryable }] of Object.entries(catalogue))
    assert.ok(severity === "failure" || !retryable, code);
});

test("an error knows its code, its hint and its cause", () => {
  const cause = new Error("below");
  const error = new LongshoreError("DestinationFull", "the destination /x is full", { cause });
  assert.ok(error instanceof Error);
  assert.deepEqual(
    [error.name, error.code, error.cause, error.hint],
    ["LongshoreError", "DestinationFull", cause, catalogue.DestinationFull.hint],
  );
  const plain = new LongshoreError("Damaged", "x is damaged", { hint: "look elsewhere" });
  assert.equal(plain.hint, "look elsewhere");
  assert.ok(!("cause" in plain));
});

test("an error is told by its code, and only that of ours", async () => {
  const damaged = new LongshoreError("Damaged", "x is damaged");
  assert.ok(hasCode(damaged, "Damaged"));
  for (const other of [new LongshoreError("UploadLost", "x"), new Error("Damaged"), undefined])
    assert.ok(!hasCode(other, "Damaged"));
  assert.equal(await Promise.reject(damaged).catch(undefinedIf("Damaged")), undefined);
  await assert.rejects(Promise.reject(damaged).catch(undefinedIf("UploadLost")), damaged);
});
