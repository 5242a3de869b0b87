import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { LongshoreError } from "../../../domain/errors.ts";
import type { Payload } from "../../../domain/ports/object-store.ts";
import { conditionalPut } from "./conditional-put.ts";

const { signal } = new AbortController();
const payload: Payload = { size: 0, sha256: "", open: () => new Uint8Array(0) };

type Kind = "heeds" | "refuses" | "ignores";

/** A store with one way of treating conditions; `lose` says whether an answer gets lost after the work was done. */
function storeThat(kind: Kind, lose: () => boolean = () => false) {
  const objects = new Map<string, Record<string, string>>();
  const requests: string[] = [];
  const status = (code: number): LongshoreError =>
    new LongshoreError("StoreFailed", "x", { cause: { $metadata: { httpStatusCode: code } } });
  const means = {
    put: async (key: string, _payload: Payload, extra: object) => {
      const { IfNoneMatch, Metadata } = extra as { IfNoneMatch?: string; Metadata: Record<string, string> };
      requests.push(IfNoneMatch === undefined ? "put" : "put if none");
      if (IfNoneMatch !== undefined && kind === "refuses") throw status(501);
      if (IfNoneMatch !== undefined && kind === "heeds" && objects.has(key)) throw status(412);
      objects.set(key, Metadata);
      if (lose()) throw new LongshoreError("StoreUnreachable", "the answer was lost");
    },
    metadata: async (key: string) => {
      requests.push("head");
      return objects.get(key);
    },
  };
  return { means, requests };
}

describe("putting only where there is none", () => {
  for (const kind of ["heeds", "refuses", "ignores"] as const) {
    test(`in a store that ${kind} conditions, the first is first and stays it`, async () => {
      const { means } = storeThat(kind);
      const [mine, theirs] = [conditionalPut(means), conditionalPut(means)];
      for (const key of ["a", "b"]) {
        assert.equal(await mine(key, payload, signal), true);
        assert.equal(await mine(key, payload, signal), false);
        assert.equal(await theirs(key, payload, signal), false);
      }
    });

    test(`in a store that ${kind} conditions, a call whose answer was lost knows its work again`, async () => {
      let losses = 1;
      const { means } = storeThat(kind, () => losses-- > 0);
      const [mine, theirs] = [conditionalPut(means), conditionalPut(means)];
      await assert.rejects(mine("a", payload, signal), { code: "StoreUnreachable" });
      assert.equal(await theirs("a", payload, signal), false);
      assert.equal(await mine("a", payload, signal), true);
      assert.equal(await mine("a", payload, signal), false);
    });
  }

  test("takes one request where conditions are known to be heeded, two where they are of no use", async () => {
    for (const [kind, expected] of [
      ["heeds", ["put if none"]],
      ["refuses", ["head", "put"]],
      ["ignores", ["head", "put"]],
    ] as const) {
      const { means, requests } = storeThat(kind);
      const put = conditionalPut(means);
      await put("a", payload, signal);
      requests.length = 0;
      assert.equal(await put("b", payload, signal), true);
      assert.deepEqual(requests, expected, kind);
    }
  });
});
