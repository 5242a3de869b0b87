import assert from "node:assert/strict";
import { test } from "node:test";
import { translated } from "./translated.ts";

const { signal } = new AbortController();
const meaningOf = (error: unknown): unknown => new Error(`meant: ${(error as Error).message}`);
const fail = (text: string) => (): Promise<string> => Promise.reject(new Error(text));

test("gives the answer, or throws what the error means", async () => {
  assert.equal(await translated(() => Promise.resolve("a"), { meaningOf }, signal), "a");
  await assert.rejects(translated(fail("x"), { meaningOf }, signal), { message: "meant: x" });
});

test("lets somebody answer for an error, or throw another", async () => {
  assert.equal(await translated(fail("x"), { meaningOf, rescue: () => "saved" }, signal), "saved");
  const rescue = fail("y");
  await assert.rejects(translated(fail("x"), { meaningOf, rescue }, signal), { message: "meant: y" });
});

test("of a cancelled call throws the reason", async () => {
  const reason = new Error("enough");
  const aborted = AbortSignal.abort(reason);
  let runs = 0;
  const count = (): Promise<number> => Promise.resolve(++runs);
  await assert.rejects(translated(count, { meaningOf }, aborted), { message: "enough" });
  assert.equal(runs, 0);
  const controller = new AbortController();
  const run = async (): Promise<never> => {
    controller.abort(reason);
    throw new Error("cut");
  };
  await assert.rejects(translated(run, { meaningOf }, controller.signal), { message: "enough" });
});
