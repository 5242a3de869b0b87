import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parseJsonBody } from "./json-body.ts";

const parse = (text: string): unknown => parseJsonBody(Buffer.from(text));

test("JSON comes out as it went in, but for a key that means a prototype", () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 8 }), (value) => {
      const text = JSON.stringify(value);
      const keys = new Set<string>();
      const expected: unknown = JSON.parse(text, (key, member: unknown) => {
        keys.add(key);
        return member;
      });
      if (keys.has("__proto__")) assert.throws(() => parse(text), { code: "InvalidRequest" });
      else assert.deepEqual(parse(text), expected);
    }),
  );
  assert.equal(parse(""), undefined);
  assert.equal(parse('"[[[[{{{{\\"]"'), '[[[[{{{{"]');
});

test("what could do harm is refused before it does", () => {
  const table: [string, string][] = [
    ["deep lists", "[".repeat(1_000_000)],
    ["deep closed lists", "[".repeat(40) + "]".repeat(40)],
    ["deep objects", '{"a":'.repeat(200_000)],
    ["many values", `[${"1,".repeat(500_000)}1]`],
    ["many keys", `{${Array.from({ length: 30_000 }, (_, i) => `"${i}":0`).join(",")}}`],
    ["a prototype", '{"a":{"__proto__":{"x":1}}}'],
    ["an escaped prototype", '{"\\u005f_proto__":1}'],
    ["a prototype in a list", '[[{"__proto__":1}]]'],
    ["half a document", '{"a":'],
    ["no JSON", "a=b"],
    ["two documents", "{}{}"],
    ["an open string", '"'],
    ["an open escape", '"\\'],
    ["not a number", "NaN"],
  ];
  for (const [what, text] of table) assert.throws(() => parse(text), { code: "InvalidRequest" }, what);
  assert.throws(() => parseJsonBody(Buffer.from([0x22, 0xff, 0x22])), { code: "InvalidRequest" });
  assert.equal(({} as { x?: number }).x, undefined);
});
