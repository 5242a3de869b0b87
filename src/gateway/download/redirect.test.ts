import assert from "node:assert/strict";
import type { IncomingHttpHeaders } from "node:http";
import { suite, test } from "node:test";
import { selectRanges } from "./byte-ranges.ts";
import { evaluatePreconditions } from "./preconditions.ts";
import { isForStore, redirectHeaders } from "./redirect.ts";

const now = Date.UTC(2026, 10, 2);
const validators = { etag: '"ours"', lastModified: new Date("2026-11-01T12:00:00Z") };
const ourDate = "Sun, 01 Nov 2026 12:00:00 GMT";
const earlier = "Sun, 01 Nov 2026 11:59:58 GMT";

interface Asked {
  readonly method?: string;
  readonly size?: number;
  readonly storeEtag?: string;
}

function left(headers: IncomingHttpHeaders, { method = "GET", size = 1000, storeEtag }: Asked = {}): boolean {
  const selection = selectRanges(headers.range, size);
  const verdict = evaluatePreconditions(headers, validators, now);
  return isForStore({ method, headers, selection, size, validators, storeEtag, verdict, now });
}

suite("a request is left to the store", () => {
  const table: [what: string, headers: IncomingHttpHeaders][] = [
    ["without conditions", {}],
    ["for a range", { range: "bytes=10-19" }],
    ["for the rest", { range: "bytes=10-" }],
    ["with another tag in If-None-Match", { "if-none-match": '"store"' }],
    ["with the store's tag in If-Range", { range: "bytes=10-", "if-range": '"store"' }],
    ["with the store's date in If-Range", { range: "bytes=10-", "if-range": earlier }],
    ["with our tag in If-Range but no range", { "if-range": '"ours"' }],
    [
      "with the store's tag in If-Range and a range that is not there",
      { range: "bytes=1000-", "if-range": '"x"' },
    ],
    ["with the store's tag in If-Match", { "if-match": '"store"' }],
    ["with any tag in If-Match", { "if-match": "*" }],
    ["with the store's date in If-Unmodified-Since", { "if-unmodified-since": earlier }],
  ];
  for (const [what, headers] of table) test(what, () => assert.equal(left(headers), true));
  test("with our tag in If-Range, where it is the store's too", () =>
    assert.equal(left({ range: "bytes=10-", "if-range": '"ours"' }, { storeEtag: '"ours"' }), true));
});

suite("a request is answered here", () => {
  const table: [what: string, headers: IncomingHttpHeaders][] = [
    ["for several ranges", { range: "bytes=0-9,20-29" }],
    ["for the last bytes", { range: "bytes=-10" }],
    ["for a range that makes no sense", { range: "bytes=x" }],
    ["for units that nobody knows", { range: "lines=1-2" }],
    ["for a range that is not there", { range: "bytes=1000-" }],
    ["with our tag in If-Range", { range: "bytes=10-", "if-range": '"ours"' }],
    ["with our date in If-Range", { range: "bytes=10-", "if-range": ourDate }],
    ["with our tag in If-Match", { "if-match": '"store", "ours"' }],
    ["with our date in If-Unmodified-Since", { "if-unmodified-since": ourDate }],
  ];
  for (const [what, headers] of table) test(what, () => assert.equal(left(headers), false));
  test("with our tag in If-Range, where the store has another", () =>
    assert.equal(left({ range: "bytes=10-", "if-range": '"ours"' }, { storeEtag: '"store"' }), false));
  test("by HEAD", () => assert.equal(left({}, { method: "HEAD" }), false));
  test("for nothing at all", () => assert.equal(left({}, { size: 0 }), false));
});

test("a redirect is kept by nobody and tells the store nothing", () => {
  const headers = redirectHeaders("https://store/x");
  assert.deepEqual(
    [headers["location"], headers["cache-control"], headers["referrer-policy"], headers["content-length"]],
    ["https://store/x", "no-store", "no-referrer", 0],
  );
  assert.equal(headers["etag"], undefined);
});
