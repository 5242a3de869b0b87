import assert from "node:assert/strict";
import { test } from "node:test";
import { age, duration, formatSpan, untilThen } from "./duration.ts";

test("spans are a number and a unit, within bounds", () => {
  const parse = duration("--ttl", 7 * 86_400);
  assert.deepEqual(["1s", "90s", "30m", "24h", "7d"].map(parse), [1, 90, 1800, 86_400, 604_800]);
  for (const value of [
    "",
    "0s",
    "7",
    "7w",
    "-1s",
    "1.5h",
    "8d",
    "1h30m",
    " 1s",
    "1s ",
    "1S",
    "9999999999s",
    "1e3s",
    "\u0661s",
  ])
    assert.throws(
      () => parse(value),
      { code: "InvalidArgument", message: /^--ttl .*7d$/ },
      JSON.stringify(value),
    );
});

test("spans are written in the largest unit of which there are two", () => {
  const written: [seconds: number, text: string][] = [
    [-5, "0s"],
    [0.9, "0s"],
    [119, "119s"],
    [120, "2m"],
    [7199, "119m"],
    [7200, "2h"],
    [48 * 3600 - 1, "47h"],
    [48 * 3600, "2d"],
  ];
  for (const [seconds, text] of written) assert.equal(formatSpan(seconds * 1000), text);
});

test("times are told from now", () => {
  const now = Date.parse("2026-01-31T12:00:00Z");
  assert.equal(age("2026-01-31T11:00:00Z", now), "60m");
  assert.equal(age(undefined, now), "");
  assert.equal(untilThen("2026-02-07T12:00:00Z", now), "in 7d");
  assert.equal(untilThen("2026-01-31T12:00:00Z", now), "expired");
  assert.equal(untilThen(undefined, now), "");
});
