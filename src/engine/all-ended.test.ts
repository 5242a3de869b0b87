import assert from "node:assert/strict";
import { setImmediate } from "node:timers/promises";
import { suite, test } from "node:test";
import { allEnded } from "./all-ended.ts";

suite("work at once", () => {
  test("gives all results in order", async () => {
    assert.deepEqual(await allEnded([Promise.resolve(1), setImmediate("two")]), [1, "two"]);
  });

  test("throws the first failure of the list only when the last has ended", async () => {
    let isDone = false;
    const slow = setImmediate().then(() => {
      isDone = true;
      throw new Error("second");
    });
    await assert.rejects(allEnded([Promise.reject(new Error("first")), slow]), { message: "first" });
    assert.ok(isDone);
  });
});
