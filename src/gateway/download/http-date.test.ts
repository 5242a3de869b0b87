import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { httpDate, parseHttpDate } from "./http-date.ts";

const now = Date.UTC(2026, 10, 21);
const then = Date.UTC(1994, 10, 6, 8, 49, 37);

for (const [text, expected] of [
  ["Sun, 06 Nov 1994 08:49:37 GMT", then],
  ["Sunday, 06-Nov-94 08:49:37 GMT", then],
  ["Sun Nov  6 08:49:37 1994", then],
  ["Tue, 29 Feb 2000 23:59:60 GMT", Date.UTC(2000, 2, 1)],
  // Two digits: at most fifty years ahead.
  ["Saturday, 01-Jan-76 00:00:00 GMT", Date.UTC(2076, 0, 1)],
  ["Saturday, 01-Jan-77 00:00:00 GMT", Date.UTC(1977, 0, 1)],
  ["Wed, 31 Apr 1994 00:00:00 GMT", undefined],
  ["Wed, 29 Feb 1995 00:00:00 GMT", undefined],
  ["Sun, 00 Nov 1994 08:49:37 GMT", undefined],
  ["Sun, 06 Nov 1994 24:00:00 GMT", undefined],
  ["Sun, 06 Nov 1994 08:49:37 CET", undefined],
  ["Sun, 06 Nov 1994 08:49:37", undefined],
  ["sun, 06 nov 1994 08:49:37 GMT", undefined],
  ["1994-11-06T08:49:37Z", undefined],
  ["784111777", undefined],
  ["", undefined],
] as const)
  test(`"${text}"`, () => assert.equal(parseHttpDate(text, now), expected));

test("every date that is written is read back, to the second", () => {
  const date = fc.date({ min: new Date("0100-01-01"), max: new Date("9999-12-31"), noInvalidDate: true });
  fc.assert(
    fc.property(date, (moment) => {
      assert.equal(parseHttpDate(httpDate(moment), now), Math.floor(moment.getTime() / 1000) * 1000);
    }),
  );
});
