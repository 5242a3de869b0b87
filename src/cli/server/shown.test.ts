import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parse, stringify } from "yaml";
import { jsonText, shown, yamlOptions, yamlText } from "./shown.ts";

// eslint-disable-next-line no-control-regex -- what steers terminals is what is looked for
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

/**
 * No backslash in names of members: where JSON.parse of this Node met {"a":1,"\\":2} before, it takes the second member of
 * {"a":1,"\u001b":2} for a backslash too.
 */
const keys = hostile.filter((key) => !key.includes("\\"));

test("no text steers a terminal", () => {
  fc.assert(
    fc.property(hostile, (text) => {
      assert.doesNotMatch(shown(text), steering);
      assert.doesNotMatch(shown(text), /[\u202a-\u202e\u2066-\u2069]/);
    }),
  );
  assert.equal(shown("plain ü 日本 \u{1f600}"), "plain ü 日本 \u{1f600}");
});

test("JSON and YAML say what was said, and steer nothing", () => {
  fc.assert(
    fc.property(fc.dictionary(keys, hostile, { noNullPrototype: true }), (value) => {
      const json = jsonText(value, 2);
      assert.deepEqual(JSON.parse(json), value);
      assert.doesNotMatch(json.replaceAll("\n", ""), steering);
      const yaml = yamlText(stringify(value, yamlOptions));
      assert.deepEqual(parse(yaml), JSON.parse(json));
      assert.doesNotMatch(yaml.replaceAll("\n", ""), steering);
    }),
    { numRuns: 1000 },
  );
});
