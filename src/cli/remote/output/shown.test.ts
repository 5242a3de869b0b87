import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parse, stringify } from "yaml";
import { jsonText, shown, yamlOptions, yamlText } from "./shown.ts";

// oxlint-disable-next-line no-control-regex -- what steers terminals is what is looked for
const steering = /[\x00-\x1f\x7f-\x9f]/;
const hostile = fc.string({
  unit: fc.oneof(
    fc.constantFrom(
      "\x1b",
      "\x9b",
      "\x07",
      "\n",
      "\r",
      "\x85",
      "\u2028",
      "\u202e",
      '"',
      "\\",
      "'",
      ": ",
      "# ",
    ),
    fc.string({ unit: "binary", maxLength: 1 }),
  ),
});

test("no text steers a terminal", () => {
  fc.assert(
    fc.property(hostile, (text) => {
      assert.doesNotMatch(shown(text), steering);
      assert.doesNotMatch(shown(text), /[\u202a-\u202e\u2066-\u2069]/);
    }),
  );
  assert.equal(shown("plain ü 日本 \u{1f600}"), "plain ü 日本 \u{1f600}");
});

/**
 * YAML's parser reads the JSON too, of which it is a superset (YAML 1.2.2, 1.2): where JSON.parse of this Node has met
 * the name "\\" in one object, it takes a name that is one escaped character in the next for a backslash.
 */
test("JSON and YAML say what was said, and steer nothing", () => {
  fc.assert(
    fc.property(fc.dictionary(hostile, hostile, { noNullPrototype: true }), (value) => {
      for (const text of [jsonText(value, 2), yamlText(stringify(value, yamlOptions))]) {
        assert.deepEqual(parse(text), value);
        assert.doesNotMatch(text.replaceAll(/[\n\t]/g, ""), steering);
      }
    }),
    { numRuns: 1000 },
  );
});
