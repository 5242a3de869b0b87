import assert from "node:assert/strict";
import { test } from "node:test";
import { catalogue, type ErrorCode, LongshoreError } from "../domain/errors.ts";
import { exitCodeOf, tell } from "./outcome.ts";

test("wrong usage ends with 2, every other error with 1", () => {
  for (const code of Object.keys(catalogue) as ErrorCode[])
    assert.equal(
      exitCodeOf(new LongshoreError(code, "x")),
      catalogue[code].severity === "usage" ? 2 : 1,
      code,
    );
  for (const error of [new Error("x"), "x", undefined]) assert.equal(exitCodeOf(error), 1);
});

test("an error is one sentence with what to do next", () => {
  const error = new LongshoreError("DestinationFull", "the destination /x\n  is full", {
    hint: "make\nroom",
  });
  assert.equal(tell(error, false), "longshore: the destination /x is full: make room\n");
});

test("an error that nobody foresaw is one sentence too, and asks to be reported", () => {
  for (const [error, text] of [
    [new TypeError("x is\nundefined"), "x is undefined"],
    ["a string", "a string"],
  ] as const)
    assert.equal(
      tell(error, false),
      `longshore: an unexpected error, ${text}: please report it with the output of --verbose\n`,
    );
});

test("verbose adds every cause", () => {
  const first = new Error("the first");
  const second = new Error("the second", { cause: first });
  const told = tell(new LongshoreError("Damaged", "x is damaged", { cause: second }), true);
  assert.match(told, /^longshore: x is damaged: /);
  for (const text of ["the first", "the second"]) assert.ok(told.includes(`Error: ${text}\n`));
});
