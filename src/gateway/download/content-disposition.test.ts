import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { byteStringOfText } from "../../domain/byte-string.ts";
import { contentDisposition } from "./content-disposition.ts";

for (const [name, expected] of [
  ["reports.tar.zst", 'attachment; filename="reports.tar.zst"'],
  ["a b.txt", 'attachment; filename="a b.txt"'],
  ["Grüße.txt", "attachment; filename=\"Gr__e.txt\"; filename*=UTF-8''Gr%C3%BC%C3%9Fe.txt"],
  ["100%.txt", "attachment; filename=\"100_.txt\"; filename*=UTF-8''100%25.txt"],
  ['"quoted".txt', "attachment; filename=\"_quoted_.txt\"; filename*=UTF-8''%22quoted%22.txt"],
  ["it's (1)*.txt", 'attachment; filename="it\'s (1)*.txt"'],
  ["it’s (1)*.txt", "attachment; filename=\"it_s (1)*.txt\"; filename*=UTF-8''it%E2%80%99s%20%281%29%2A.txt"],
  // Nothing that would end the header, leave the folder, or look like another file.
  ["a\r\nSet-Cookie: x=1", 'attachment; filename="a__Set-Cookie: x=1"'],
  ["a\0b", 'attachment; filename="a_b"'],
  ["../../etc/passwd", 'attachment; filename="passwd"'],
  ["..\\..\\autoexec.bat", 'attachment; filename="autoexec.bat"'],
  ["a\u202egnp.exe", 'attachment; filename="a_gnp.exe"'],
  ["", 'attachment; filename="download"'],
  ["..", 'attachment; filename="download"'],
  ["folder/", 'attachment; filename="download"'],
  [" ", 'attachment; filename="download"'],
  [
    "😀".repeat(300),
    `attachment; filename="${"__".repeat(255)}"; filename*=UTF-8''${"%F0%9F%98%80".repeat(255)}`,
  ],
] as const)
  test(JSON.stringify(name).slice(0, 60), () =>
    assert.equal(contentDisposition(byteStringOfText(name)), expected),
  );

test("bytes that are not UTF-8", () => {
  assert.equal(contentDisposition("a\xff\xfe.txt"), 'attachment; filename="a__.txt"');
});

test("whatever the name, it is one header of visible characters, and its quotation marks are its own", () => {
  const bytes = fc.uint8Array({ maxLength: 300 }).map((array) => Buffer.from(array).toString("latin1"));
  fc.assert(
    fc.property(fc.oneof(bytes, fc.string({ unit: "binary" }).map(byteStringOfText)), (name) => {
      const header = contentDisposition(name);
      assert.match(
        header,
        /^attachment; filename="[\x20-\x7e]+"(?:; filename\*=UTF-8''[A-Za-z0-9%._~!$&+^`|-]+)?$/,
      );
      const plain = /filename="([^"]*)"(?:;|$)/.exec(header)?.[1] ?? "";
      assert.doesNotMatch(plain, /[/\\%]|^\.{0,2}$/);
    }),
    { numRuns: 2000 },
  );
});
