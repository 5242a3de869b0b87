import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { evaluatePreconditions, mayUseRange } from "./preconditions.ts";

const lastModified = new Date("2026-11-01T12:00:00.700Z");
const validators = { etag: '"abc"', lastModified };
const now = Date.UTC(2026, 10, 21);
const same = "Sun, 01 Nov 2026 12:00:00 GMT";
const earlier = "Sun, 01 Nov 2026 11:59:59 GMT";
const later = "Sun, 01 Nov 2026 12:00:01 GMT";

describe("RFC 9110 section 13.2.2", () => {
  for (const [headers, verdict] of [
    [{}, "proceed"],
    [{ "if-match": '"abc"' }, "proceed"],
    [{ "if-match": '"x" , "abc"' }, "proceed"],
    [{ "if-match": '"x",, "abc",' }, "proceed"],
    [{ "if-match": "*" }, "proceed"],
    [{ "if-match": '"x"' }, "failed"],
    // Strong comparison: a weak tag is never the same bytes.
    [{ "if-match": 'W/"abc"' }, "failed"],
    [{ "if-match": "abc" }, "failed"],
    [{ "if-match": "" }, "failed"],
    [{ "if-match": '"abc' }, "failed"],
    [{ "if-match": '"abc" "x"' }, "failed"],
    [{ "if-none-match": '"abc"' }, "not-modified"],
    [{ "if-none-match": 'W/"abc"' }, "not-modified"],
    [{ "if-none-match": '"x", W/"abc"' }, "not-modified"],
    [{ "if-none-match": "*" }, "not-modified"],
    [{ "if-none-match": '"x"' }, "proceed"],
    [{ "if-none-match": '"x,abc", "abc,x"' }, "proceed"],
    [{ "if-modified-since": same }, "not-modified"],
    [{ "if-modified-since": later }, "not-modified"],
    [{ "if-modified-since": earlier }, "proceed"],
    [{ "if-modified-since": "yesterday" }, "proceed"],
    [{ "if-unmodified-since": same }, "proceed"],
    [{ "if-unmodified-since": later }, "proceed"],
    [{ "if-unmodified-since": earlier }, "failed"],
    [{ "if-unmodified-since": "yesterday" }, "proceed"],
    // A tag says more than a date, so that the date is not looked at.
    [{ "if-match": '"abc"', "if-unmodified-since": earlier }, "proceed"],
    [{ "if-match": '"x"', "if-unmodified-since": later }, "failed"],
    [{ "if-none-match": '"x"', "if-modified-since": later }, "proceed"],
    [{ "if-none-match": '"abc"', "if-modified-since": earlier }, "not-modified"],
    // First whether it is the right one, then whether it is needed.
    [{ "if-match": '"abc"', "if-none-match": '"abc"' }, "not-modified"],
    [{ "if-match": '"x"', "if-none-match": '"abc"' }, "failed"],
    [{ "if-unmodified-since": earlier, "if-modified-since": later }, "failed"],
    [{ "if-unmodified-since": same, "if-modified-since": same }, "not-modified"],
  ] as const)
    test(`${JSON.stringify(headers)}: ${verdict}`, () =>
      assert.equal(evaluatePreconditions(headers, validators, now), verdict));
});

describe("If-Range", () => {
  for (const [header, expected] of [
    [undefined, true],
    ['"abc"', true],
    [' "abc"\t', true],
    ['W/"abc"', false],
    ['"x"', false],
    ['"abc", "x"', false],
    ["*", false],
    [same, true],
    // Neither before nor after will do: it must be the very date.
    [earlier, false],
    [later, false],
    ["", false],
    ["yesterday", false],
  ] as const)
    test(`${header}: ${expected}`, () => assert.equal(mayUseRange(header, validators, now), expected));

  test("a date within the second of the change could mean the bytes before it", () => {
    assert.equal(mayUseRange(same, validators, lastModified.getTime() + 200), false);
    assert.equal(mayUseRange(same, validators, lastModified.getTime() + 300), true);
  });
});
