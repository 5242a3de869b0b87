import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { isOutOfPlace, keyOfName, nameOfKey } from "./object-key.ts";

const byteString = fc.uint8Array({ maxLength: 24 }).map((bytes) => Buffer.from(bytes).toString("latin1"));
/** Names that are nearly UTF-8, where the mistakes are. */
const mixed = fc
  .array(fc.oneof(fc.constantFrom("%", "%25", "%FF", "%C3", "\xff", "\xc3", "/", "a"), byteString, utf8()), {
    maxLength: 6,
  })
  .map((pieces) => pieces.join(""));

function utf8() {
  return fc.string({ unit: "grapheme", maxLength: 4 }).map((text) => Buffer.from(text).toString("latin1"));
}

describe("a key", () => {
  const table: [name: string, key: string][] = [
    ["files/a b", "files/a b"],
    ["gr\xc3\xbc\xc3\x9fe", "gr\u00fc\u00dfe"],
    ["100%", "100%25"],
    ["\xff%\xc3\xbc\xc3", "%FF%25\u00fc%C3"],
    ["\xed\xa0\x80", "%ED%A0%80"],
    ["\xf0\x9f\x9a\xa2", "\u{1f6a2}"],
    ["\xf0\x9f\x9a", "%F0%9F%9A"],
    ["line\nend", "line\nend"],
    ["", ""],
  ];
  for (const [name, key] of table)
    test(`of ${JSON.stringify(name)} is ${JSON.stringify(key)}`, () => {
      assert.equal(keyOfName(name), key);
      assert.equal(nameOfKey(key), name);
    });

  test("is well-formed text and has its name, whatever the bytes", () => {
    fc.assert(
      fc.property(mixed, (name) => {
        const key = keyOfName(name);
        assert.ok(key.isWellFormed());
        assert.equal(nameOfKey(key), name);
      }),
    );
  });

  test("that is none of ours stands for itself", () => {
    for (const key of ["100%", "%41", "%C3%BC", "%ff"])
      assert.equal(nameOfKey(key), Buffer.from(key).toString("latin1"));
  });

  test("keeps the order of names but where a stray byte is escaped, and then stands too early", () => {
    fc.assert(
      fc.property(mixed, mixed, (a, b) => {
        const [x, y] = [keyOfName(a), keyOfName(b)];
        if (isOutOfPlace(x)) return;
        // Of all keys after one that is in its place, every name is after its name.
        if (Buffer.compare(Buffer.from(x), Buffer.from(y)) < 0) assert.ok(a < b);
      }),
    );
  });
});
