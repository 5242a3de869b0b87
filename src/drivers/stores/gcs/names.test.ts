import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  begunName,
  checkName,
  joinName,
  keyOfName,
  longestName,
  nameOfKey,
  partName,
  partNumberOf,
  uploadOf,
} from "./names.ts";

/** Keys of what matters here alone, so that every pair of characters comes up. */
const keys = fc
  .array(
    fc.constantFrom(
      "a",
      "\t",
      "\n",
      "\u000b",
      "\f",
      "\r",
      "\u000e",
      "\u{10fffd}",
      "\u{10fffe}",
      "\u{10ffff}",
    ),
    {
      maxLength: 12,
    },
  )
  .map((characters) => characters.join(""));

test("every key has a name that Google takes, and is known by it", () => {
  fc.assert(
    fc.property(keys, (key) => {
      const name = nameOfKey(key);
      assert.doesNotMatch(name, /[\r\n]/);
      assert.equal(keyOfName(name), key);
    }),
    { numRuns: 5000 },
  );
});

test("names have the order of their keys", () => {
  const compare = (a: string, b: string): number => Math.sign(Buffer.compare(Buffer.from(a), Buffer.from(b)));
  fc.assert(
    fc.property(keys, keys, (a, b) => {
      assert.equal(compare(nameOfKey(a), nameOfKey(b)), compare(a, b));
    }),
    { numRuns: 20_000 },
  );
});

test("the name of a key begins with the name of what the key begins with", () => {
  fc.assert(
    fc.property(keys, keys, (a, b) => {
      assert.ok(nameOfKey(a + b).startsWith(nameOfKey(a)));
    }),
    { numRuns: 5000 },
  );
});

test("an ordinary key is its own name", () => {
  for (const key of ["", "a/b", "tab\tx", "page\fx", "gr\u00fc\u00dfe", "\u{10ffff}", "%0A"])
    assert.equal(nameOfKey(key), key);
});

test("a name that is too long is refused, and says so", () => {
  assert.equal(nameOfKey("\u00fc".repeat(longestName / 2)).length, longestName / 2);
  const refused = { code: "StoreUnsupported", message: /no name of 1026 bytes/ };
  assert.throws(() => nameOfKey("\u00fc".repeat(longestName / 2 + 1)), refused);
  assert.throws(() => checkName("\n".repeat(longestName + 2)), refused);
});

test("what belongs to an upload is told from all else", () => {
  const upload = { name: "a/x.tar", id: "0123456789abcdef0123456789abcdef" };
  const names = [
    begunName(upload),
    partName(upload, 1),
    partName(upload, 10_000),
    joinName(upload, upload.id),
  ];
  for (const name of names) assert.deepEqual(uploadOf(name), upload, name);
  assert.equal(partNumberOf(partName(upload, 10_000)), 10_000);
  assert.ok(partName(upload, 9) < partName(upload, 10));
  for (const other of [
    "a/x.tar",
    "a/x.tar.longshore-parts",
    `a/x.tar.longshore-parts/${upload.id}`,
    `a/x.tar.longshore-parts/${upload.id}/`,
    `a/x.tar.longshore-parts/${upload.id}/p1`,
    `a/x.tar.longshore-parts/${upload.id}/p00001/x`,
    "a/x.tar.longshore-parts/x/p00001",
    `a/x.tar/${upload.id}/begun`,
  ])
    assert.equal(uploadOf(other), undefined, other);
});
