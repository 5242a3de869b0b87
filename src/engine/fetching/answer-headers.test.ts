import assert from "node:assert/strict";
import { test } from "node:test";
import {
  contentLength,
  contentRange,
  digestOfRepresentation,
  retryAfterMs,
  strongEtag,
} from "./answer-headers.ts";

test("Content-Range", () => {
  assert.deepEqual(contentRange("bytes 0-0/1"), { first: 0, last: 0, total: 1 });
  assert.deepEqual(contentRange("bytes 5-9/*"), { first: 5, last: 9, total: undefined });
  for (const wrong of [
    undefined,
    "",
    "bytes */7",
    "bytes 5-4/9",
    "bytes 0-9/9",
    "bytes 0-1",
    "items 0-1/2",
    "bytes 0x1-2/3",
  ])
    assert.equal(contentRange(wrong), undefined, wrong);
});

test("only a strong tag promises the same bytes", () => {
  assert.equal(strongEtag('"a"'), '"a"');
  for (const other of [undefined, 'W/"a"', "a", '"a"b"', '"a\r\n"'])
    assert.equal(strongEtag(other), undefined);
});

test("Repr-Digest and Content-Length", () => {
  const digest = `${"A".repeat(43)}=`;
  const hex = "0".repeat(64);
  assert.equal(digestOfRepresentation(`sha-256=:${digest}:`), hex);
  assert.equal(digestOfRepresentation(`sha-512=:x:, sha-256=:${digest}:`), hex);
  assert.equal(digestOfRepresentation(["sha-512=:x:", `sha-256=:${digest}:`]), hex);
  for (const other of [undefined, "", "sha-256=:short=:", `x-sha-256=:${digest}:`])
    assert.equal(digestOfRepresentation(other), undefined);
  assert.deepEqual(["7", "", "-1", "7, 7", undefined].map(contentLength), [
    7,
    undefined,
    undefined,
    undefined,
    undefined,
  ]);
});

test("Retry-After in seconds or as a date", () => {
  const now = Date.parse("2026-01-02T03:04:05Z");
  const table: [header: string | undefined, ms: number | undefined][] = [
    ["120", 120_000],
    ["0", 0],
    ["Fri, 02 Jan 2026 03:05:05 GMT", 60_000],
    ["Fri, 02 Jan 2026 03:03:05 GMT", 0],
    ["soon", undefined],
    ["-5", undefined],
    ["2026-01-02", undefined],
    [undefined, undefined],
  ];
  for (const [header, ms] of table) assert.equal(retryAfterMs(header, now), ms, header);
});
