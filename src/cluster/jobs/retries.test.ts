import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Openings } from "./openings.ts";
import { createRetries } from "./retries.ts";

const refused = { reason: "PodRefused", message: "exceeded quota" };
const inUse = { reason: "SourceInUse", message: "another pod uses it" };
/** Longer than any test. */
const never = { first: 10 ** 8, longest: 10 ** 8 };

/** What is followed by now, and what its followers are told by. */
function desk(backOff = never) {
  const followed: string[] = [];
  const wakes: (() => void)[] = [];
  const openings: Openings = {
    follow: (namespace, barrier, wake) => {
      followed.push(`${namespace}/${barrier}`);
      wakes.push(wake);
      return () => void followed.splice(followed.indexOf(`${namespace}/${barrier}`), 1);
    },
  };
  const over = new AbortController();
  const retries = createRetries("team", { openings, random: () => 0.5, backOff }, over.signal);
  return { followed, wakes, over, retries };
}

describe("when to try again what is not let in", () => {
  test("after a pause", async () => {
    using retries = desk({ first: 1, longest: 1 }).retries;
    await retries.next(refused);
    await retries.next(refused);
  });

  test("soon after what keeps it out has changed, also where that was during the try", async () => {
    const { retries, wakes } = desk();
    using open = retries;
    const next = open.next(refused);
    wakes[0]?.();
    await next;
    wakes[0]?.();
    await open.next(refused);
  });

  test("what is followed is what keeps it out now, once, and nothing when it is let in", async () => {
    const { retries, followed } = desk({ first: 1, longest: 1 });
    {
      using open = retries;
      await open.next(refused);
      await open.next(refused);
      assert.deepEqual(followed, ["team/rules"]);
      await open.next(inUse);
      assert.deepEqual(followed, ["team/pods"]);
    }
    assert.deepEqual(followed, []);
  });

  test("at once where nobody may want it, and when all is over", async () => {
    const { retries, over } = desk();
    using open = retries;
    const next = open.next(refused);
    open.interrupt();
    await next;
    const last = open.next(refused);
    over.abort();
    await last;
  });
});
