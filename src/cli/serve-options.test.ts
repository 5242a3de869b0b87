import assert from "node:assert/strict";
import { test } from "node:test";
import { parseListenAddress } from "./serve-options.ts";

test("a listening address is a host and a port", () => {
  const cases: [string, ReturnType<typeof parseListenAddress>][] = [
    ["127.0.0.1:8080", { host: "127.0.0.1", port: 8080 }],
    ["localhost:0", { host: "localhost", port: 0 }],
    ["[::1]:443", { host: "::1", port: 443 }],
    ["0.0.0.0:65535", { host: "0.0.0.0", port: 65_535 }],
    ["0.0.0.0:65536", undefined],
    ["::1:80", undefined],
    [":8080", undefined],
    ["8080", undefined],
    ["host:80a", undefined],
    ["http://host:80", undefined],
    ["a b:80", undefined],
  ];
  for (const [text, expected] of cases) assert.deepEqual(parseListenAddress(text), expected, text);
});
