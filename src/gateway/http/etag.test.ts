import assert from "node:assert/strict";
import { test } from "node:test";
import { etagOf, isKnown, matches } from "./etag.ts";

test("If-Match compares strongly, If-None-Match weakly", () => {
  const etag = etagOf("12");
  const table: [string | undefined, boolean, boolean][] = [
    [undefined, true, false],
    ["*", true, true],
    [" * ", true, true],
    ['"12"', true, true],
    ['"1", "12"', true, true],
    ['W/"12"', false, true],
    ['"1"', false, false],
    ["12", false, false],
    ["", false, false],
  ];
  for (const [header, match, known] of table) {
    assert.equal(matches(header, etag), match, `If-Match: ${header}`);
    assert.equal(isKnown(header, etag), known, `If-None-Match: ${header}`);
  }
});
