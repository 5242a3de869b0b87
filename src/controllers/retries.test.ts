import assert from "node:assert/strict";
import { test } from "node:test";
import { afterFailure, type Retries } from "./retries.ts";

const rows: Record<string, readonly [safeParts: readonly number[], inVain: readonly number[]]> = {
  "nothing is made safe": [
    [0, 0, 0],
    [1, 2, 3],
  ],
  "each makes another part safe": [
    [1, 2, 3],
    [0, 0, 0],
  ],
  "one in a while gets on": [
    [0, 0, 2, 2, 2, 3],
    [1, 2, 0, 1, 2, 0],
  ],
  "what was safe before is counted anew": [
    [5, 0, 3, 5, 6],
    [0, 1, 2, 3, 0],
  ],
};

for (const [name, [safeParts, expected]] of Object.entries(rows))
  test(`failures that count where ${name}`, () => {
    let retries: Retries | undefined;
    const counted = safeParts.map((safe) => (retries = afterFailure(retries, safe)).inVain);
    assert.deepEqual(counted, expected);
    assert.equal(retries?.safeParts, Math.max(...safeParts));
  });
