import assert from "node:assert/strict";
import { test } from "node:test";
import { isLoopbackHost, refuseCrossOrigin } from "./cross-origin.ts";

const own = (): string => "https://exports.example.com";

test("only pages of our own origin, and programs, may change anything", () => {
  const table: [string, Record<string, string>, boolean][] = [
    ["POST", {}, true],
    ["POST", { origin: "https://exports.example.com" }, true],
    ["POST", { origin: "https://exports.example.com", "sec-fetch-site": "same-origin" }, true],
    ["POST", { origin: "https://evil.example" }, false],
    ["POST", { origin: "http://exports.example.com" }, false],
    ["POST", { origin: "https://exports.example.com.evil.example" }, false],
    ["POST", { origin: "https://exports.example.com:8443" }, false],
    ["POST", { origin: "http://localhost:8080", host: "localhost:8080" }, true],
    ["POST", { origin: "http://localhost:3000", host: "localhost:8080" }, false],
    ["POST", { origin: "http://evil.example", host: "evil.example" }, false],
    ["POST", { origin: "null" }, false],
    ["POST", { origin: "" }, false],
    ["DELETE", { "sec-fetch-site": "cross-site" }, false],
    ["PATCH", { origin: "https://exports.example.com", "sec-fetch-site": "cross-site" }, false],
    ["PUT", { origin: "https://evil.example" }, false],
    ["GET", { origin: "https://evil.example", "sec-fetch-site": "cross-site" }, true],
    ["HEAD", { origin: "https://evil.example" }, true],
  ];
  for (const [method, headers, isFine] of table) {
    const call = (): void => refuseCrossOrigin(method, headers, own);
    if (isFine) assert.doesNotThrow(call);
    else assert.throws(call, { code: "Forbidden" }, `${method} ${JSON.stringify(headers)}`);
  }
});

test("a page can't call its own name this machine", () => {
  for (const host of [
    "localhost",
    "localhost:8080",
    "LOCALHOST",
    "127.0.0.1:1",
    "127.1.2.3",
    "[::1]",
    "[::1]:80",
  ])
    assert.equal(isLoopbackHost(host), true, host);
  for (const host of [
    undefined,
    "",
    "evil.example",
    "localhost.evil.example",
    "127.0.0.1.evil.example",
    "[::2]",
  ])
    assert.equal(isLoopbackHost(host), false, host);
});

test("before the address is known, no page is ours", () => {
  assert.throws(() => refuseCrossOrigin("POST", { origin: "https://evil.example" }, () => ""), {
    code: "Forbidden",
  });
});
