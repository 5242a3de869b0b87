import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { encodePath } from "../../api/routes.ts";
import { decodedParams, decodedQuery, routableTarget } from "./request-target.ts";

test("the router gets the path encoded once more, and the query as it is", () => {
  const table: [string, string][] = [
    ["/a/b?c=%ff", "/a/b?c=%ff"],
    ["/a%2Fb", "/a%252Fb"],
    ["/%ff%zz#%41", "/%25ff%25zz#%41"],
    ["http://host:80/a%41?b", "/a%2541?b"],
    ["http://host", "/"],
    ["*", "/*"],
    ["", "/"],
    ["?x", "/?x"],
  ];
  for (const [sent, routable] of table) assert.equal(routableTarget({ url: sent }), routable, sent);
  assert.equal(routableTarget({}), "/");
});

test("parameters are bytes, decoded once", () => {
  assert.deepEqual(decodedParams({ name: "a%2Fb", "*": "%ff%00/%2e%2e/%252e" }), {
    name: "a/b",
    path: "\xff\0/../%2e",
  });
  for (const malformed of ["%", "%4", "%zz", "a%g0", "\u0100"])
    assert.throws(() => decodedParams({ name: malformed }), { code: "InvalidRequest" });
});

test("a query is bytes; what is there twice is a list", () => {
  const table: [string, Record<string, unknown>][] = [
    ["", {}],
    ["a=1&b=&c&&=x", { a: "1", b: "", c: "", "": "x" }],
    ["a=1&a=2&a=3", { a: ["1", "2", "3"] }],
    ["p=%ff+x%2B=y", { p: "\xff x+=y" }],
    ["%61=b", { a: "b" }],
  ];
  for (const [raw, decoded] of table) assert.deepEqual(decodedQuery({ raw }), decoded, raw);
  const hostile = decodedQuery({ raw: "__proto__=x&constructor=y" });
  assert.deepEqual(Object.keys(hostile), ["__proto__", "constructor"]);
  assert.equal(Object.getPrototypeOf(hostile), Object.prototype);
  assert.throws(() => decodedQuery({ raw: "a=%f" }), { code: "InvalidRequest" });
});

test("what the client encodes is what comes out, whatever the bytes", () => {
  const bytes = fc
    .uint8Array({ minLength: 1, maxLength: 20 })
    .map((array) => Buffer.from(array).toString("latin1"));
  fc.assert(
    fc.property(bytes, (text) => {
      const escaped = text.replaceAll(
        /[^]/g,
        (byte) => `%${byte.charCodeAt(0).toString(16).padStart(2, "0")}`,
      );
      assert.deepEqual(decodedQuery({ raw: `x=${escaped}` }), { x: text });
      const path = text.replaceAll(/[/.]/g, "_");
      assert.deepEqual(decodedParams({ "*": encodePath(path) }), { path });
    }),
  );
});
