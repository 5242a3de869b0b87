import assert from "node:assert/strict";
import { test } from "node:test";
import { parseDownloadUrl, siblingUrl } from "./download-url.ts";

const base = "https://example.com/d/team/reports";

test("what a URL names", () => {
  const table: [url: string, name: string, file: object][] = [
    [`${base}/reports.tar.zst?grant=x`, "reports", { kind: "archive", name: "reports.tar.zst" }],
    [`${base}/manifest.json`, "reports", { kind: "record", name: "manifest.json" }],
    [`${base}/SHA256SUMS`, "reports", { kind: "record", name: "SHA256SUMS" }],
    [`${base}/metalink?grant=x`, "reports", { kind: "record", name: "metalink" }],
    [`${base}/parts/12`, "reports", { kind: "part", number: 12 }],
    [`${base}/files/a/b%20c.csv`, "reports", { kind: "entry", path: "a/b c.csv" }],
    [`${base}/files/d/x/y/z`, "reports", { kind: "entry", path: "d/x/y/z" }],
    [`${base}/files/%FF`, "reports", { kind: "entry", path: "%FF" }],
    ["http://h:1/at/d/here/d/team/reports/reports.tar", "reports", { kind: "archive", name: "reports.tar" }],
    ["http://h/d/d/d/d.zip#x", "d", { kind: "archive", name: "d.zip" }],
    // An export may be called like a record.
    ["http://h/d/n/manifest/manifest.tar", "manifest", { kind: "archive", name: "manifest.tar" }],
    ["http://h/d/n/manifest/manifest.json", "manifest", { kind: "record", name: "manifest.json" }],
  ];
  for (const [url, name, file] of table) {
    const parsed = parseDownloadUrl(url);
    assert.deepEqual([parsed.name, parsed.file], [name, file], url);
  }
});

test("what is no download URL is refused without repeating a secret", () => {
  for (const url of [
    "https://",
    "ftp://example.com/d/n/x/x.tar?grant=secret",
    "https://example.com/?grant=secret",
    "https://example.com/api/v1/namespaces/n/exports/x?grant=secret",
    "https://example.com/d/team/reports?grant=secret",
    "https://example.com/d/team/reports/?grant=secret",
    "https://user:secret@example.com/d/n/x/x.tar",
    `${base}/parts/123456789?grant=secret`,
  ]) {
    assert.throws(
      () => parseDownloadUrl(url),
      (error: Error & { code?: string; hint?: string }) =>
        /^(?:InvalidArgument|UnknownScheme)$/.test(error.code ?? "") &&
        !`${error.message}${error.hint ?? ""}`.includes("secret"),
      url,
    );
  }
});

test("the manifest lies in the same folder under the same grant", () => {
  for (const file of ["reports.tar", "parts/3", "files/a/b/c", "files/a/"]) {
    const target = parseDownloadUrl(`${base}/${file}?grant=a.b-c`);
    assert.equal(siblingUrl(target, "manifest.json").href, `${base}/manifest.json?grant=a.b-c`);
    assert.equal(target.hasGrant, true);
    assert.equal(target.shown, `${base}/${file}`);
  }
  assert.equal(parseDownloadUrl(`${base}/reports.tar?grant=`).hasGrant, false);
});
