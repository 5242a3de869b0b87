import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parseDownloadUrl } from "./download-url.ts";
import { fileNameOf, safeName } from "./file-name.ts";

test("the name of a download", () => {
  const table: [file: string, name: string][] = [
    ["x.tar.zst", "x.tar.zst"],
    ["SHA256SUMS", "SHA256SUMS"],
    ["parts/3", "x.part-00000003"],
    ["files/2026/q1.csv", "q1.csv"],
    ["files/2026/", "2026"],
    ["x.%2e%2e%2fetc%2fpasswd", "x..._etc_passwd"],
    ["files/%2e%2e%2f.bashrc", "_bashrc"],
    ["files/a%0d%0a%1b[2Jb", "a___[2Jb"],
    ["files/a%5Cb", "a_b"],
    ["files/%E2%80%AEgpj.exe", "_gpj.exe"],
  ];
  for (const [file, name] of table)
    assert.equal(fileNameOf(parseDownloadUrl(`http://h/d/n/x/${file}?grant=y`)), name, file);
});

test("is one segment that the file system takes, whatever it is made of", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 600 }), (text) => {
      const name = safeName(text);
      assert.match(name, /^[^/\0.][^/\0]*$/);
      assert.ok(Buffer.byteLength(name) <= 230 && name.isWellFormed());
      assert.equal(safeName(name), name);
    }),
  );
});
