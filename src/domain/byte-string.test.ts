import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { describe, test } from "node:test";
import fc from "fast-check";
import { expectExit, missingProgram, run, temporaryFolder } from "../../test/fixtures/run.ts";
import {
  byteStringOf,
  byteStringOfText,
  bytesOf,
  displayName,
  fromJsonMember,
  isAscii,
  jsonMember,
  textOf,
} from "./byte-string.ts";

/** Bytes as they occur in names: plain, quotes and controls, UTF-8 of every length with a byte order mark, and anything. */
const byteStrings = fc
  .array(
    fc.oneof(
      fc.string({ unit: "binary" }).map(byteStringOfText),
      fc.constantFrom(
        "\n",
        '"',
        "\\",
        "\r",
        "\t",
        "\x00",
        "\x7f",
        "\xc2\x80",
        "\xef\xbb\xbf",
        "\xe2\x80\xa8",
        "\xff",
        "\xc0\xaf",
      ),
      fc.uint8Array({ maxLength: 6 }).map(byteStringOf),
      fc.string({ maxLength: 20 }),
    ),
    { maxLength: 6 },
  )
  .map((pieces) => pieces.join(""))
  .filter((text) => Buffer.from(text, "latin1").toString("latin1") === text);

test("bytes and byte strings are the same", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) =>
      assert.deepEqual(bytesOf(byteStringOf(bytes)), bytes),
    ),
  );
  const long = new Uint8Array(100_000).fill(0xe9);
  assert.deepEqual(bytesOf(byteStringOf(long)), long);
});

test("any name survives JSON", () => {
  fc.assert(
    fc.property(byteStrings, (name) => {
      const member = jsonMember("path", name);
      assert.ok(!member.includes("\n"), "a line must stay one line");
      const raw = JSON.parse(`{${member}}`) as { path?: string; pathBase64?: string };
      assert.equal(Object.keys(raw).length, 1);
      assert.equal(fromJsonMember(raw.path, raw.pathBase64), name);
    }),
    { numRuns: 2000 },
  );
});

test("names are shown as text in JSON only where they are valid UTF-8", () => {
  const table: [string, string][] = [
    ["plain name", '"path":"plain name"'],
    ["", '"path":""'],
    ['say "hi"\\\n', '"path":"say \\"hi\\"\\\\\\n"'],
    ["gr\xc3\xbc\xc3\x9fe", '"path":"grüße"'],
    ["\xef\xbb\xbfmark", '"path":"\ufeffmark"'],
    ["\xff", '"pathBase64":"/w=="'],
    ["\xc3", '"pathBase64":"ww=="'],
    ["\xed\xa0\x80", '"pathBase64":"7aCA"'],
    ["\xc0\xaf", '"pathBase64":"wK8="'],
  ];
  for (const [name, member] of table) assert.equal(jsonMember("path", name), member);
  assert.equal(fromJsonMember(undefined, undefined), undefined);
});

test("text is what the bytes spell, if they spell any", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme" }), (text) =>
      assert.equal(textOf(byteStringOfText(text)), text),
    ),
  );
  fc.assert(
    fc.property(byteStrings, (name) => {
      const text = textOf(name);
      if (text === undefined)
        assert.ok(!Buffer.from(name, "latin1").equals(Buffer.from(Buffer.from(name, "latin1").toString())));
      else assert.equal(byteStringOfText(text), name);
    }),
  );
  assert.equal(textOf("\xef\xbb\xbfa"), "\ufeffa");
  assert.ok(isAscii("\x00\x7f") && !isAscii("\x80"));
});

describe("the name that a person sees", () => {
  // As GNU tar 1.34 lists them in C.UTF-8.
  const table: [name: string, shown: string][] = [
    ["plain", "plain"],
    ["a\x01b", "a\\001b"],
    ["a\x07b", "a\\ab"],
    ["a\bb", "a\\bb"],
    ["a\tb", "a\\tb"],
    ["a\nb", "a\\nb"],
    ["a\vb", "a\\vb"],
    ["a\fb", "a\\fb"],
    ["a\rb", "a\\rb"],
    ["a\x1bb", "a\\033b"],
    ["a\x7fb", "a\\177b"],
    ["a'b\"c", "a'b\"c"],
    ["a\\b", "a\\\\b"],
    ["gr\xc3\xbc\xc3\x9fe", "grüße"],
    ["\xc2\x80", "\\302\\200"],
    ["\xc2\x85", "\\302\\205"],
    ["\xe2\x80\xa8", "\\342\\200\\250"],
    ["\xff", "\\377"],
    ["a\xfe\x80b", "a\\376\\200b"],
  ];
  for (const [name, shown] of table)
    test(`of ${JSON.stringify(name)}`, () => assert.equal(displayName(name), shown));

  test("is what tar -t shows", { skip: missingProgram("tar") }, async () => {
    await using work = temporaryFolder();
    const folder = work.join("names");
    mkdirSync(folder);
    for (const [name] of table) writeFileSync(Buffer.from(`${folder}/${name}`, "latin1"), "");
    const archive = work.join("names.tar");
    expectExit(await run("tar", ["-c", "-C", folder, "--sort=name", "-f", archive, "."]), 0);
    const { stdout } = expectExit(await run("tar", ["-t", "-f", archive]), 0);
    const lines = stdout.toString().split("\n").slice(1, -1);
    assert.deepEqual(new Set(lines), new Set(table.map(([, shown]) => `./${shown}`)));
  });

  test("holds no control characters, whatever the name", () => {
    fc.assert(
      fc.property(byteStrings, (name) => {
        // oxlint-disable-next-line no-control-regex -- they are what must not be there
        assert.doesNotMatch(displayName(name), /[\x00-\x1f\x7f-\x9f\u2028\u2029]/);
      }),
      { numRuns: 1000 },
    );
  });

  test("is another for every name that is valid UTF-8", () => {
    const shown = new Map<string, string>();
    for (let point = 0; point < 0x3000; point++) {
      const name = byteStringOfText(String.fromCodePoint(point));
      const text = displayName(name);
      assert.equal(shown.get(text), undefined, `U+${point.toString(16)}`);
      shown.set(text, name);
    }
  });
});
