import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type ErrorCode, LongshoreError } from "../domain/errors.ts";
import type { ObjectContent, ObjectStore } from "../domain/ports/object-store.ts";
import { type RetryPolicy, withRetries } from "./store-retries.ts";

const { signal } = new AbortController();
const policy: RetryPolicy = { attempts: 4, firstPause: 1, longestPause: 2, budget: 10, random: () => 0 };
const failure = (code: ErrorCode): LongshoreError => new LongshoreError(code, `${code} happened`);

/** A store that answers `head` and `get` by what it is told, and nothing else. */
function storeWith(answers: Partial<ObjectStore>): ObjectStore {
  return {
    kind: "test",
    displayed: "test://x",
    identity: "",
    bucket: "x",
    longestKey: 9,
    ...answers,
  } as ObjectStore;
}

/** Fails with each of the codes in turn, and then no more. */
function failing(codes: readonly ErrorCode[]): { head: ObjectStore["head"]; calls: () => number } {
  let calls = 0;
  return {
    head: () => {
      const code = codes[calls++];
      return code === undefined ? Promise.resolve(undefined) : Promise.reject(failure(code));
    },
    calls: () => calls,
  };
}

describe("a call that fails", () => {
  for (const code of ["StoreBusy", "StoreUnreachable", "StoreFailed"] as const)
    test(`with ${code} is made again until it works`, async () => {
      const { head, calls } = failing([code, code, code]);
      await withRetries(storeWith({ head }), policy).head("k", signal);
      assert.equal(calls(), 4);
    });

  for (const code of [
    "StoreDenied",
    "CredentialsInvalid",
    "BucketNotFound",
    "UploadLost",
    "DestinationFull",
  ] as const)
    test(`with ${code} is not made again`, async () => {
      const { head, calls } = failing([code]);
      await assert.rejects(withRetries(storeWith({ head }), policy).head("k", signal), { code });
      assert.equal(calls(), 1);
    });

  test("is given up after as many attempts as there may be, with the last reason", async () => {
    const { head, calls } = failing(["StoreBusy", "StoreBusy", "StoreBusy", "StoreFailed", "StoreFailed"]);
    await assert.rejects(withRetries(storeWith({ head }), policy).head("k", signal), { code: "StoreFailed" });
    assert.equal(calls(), 4);
  });

  test("is given up at once where other calls have spent what there is to spend", async () => {
    const { head, calls } = failing(Array.from({ length: 99 }, () => "StoreBusy" as const));
    const store = withRetries(storeWith({ head }), policy);
    for (let i = 0; i < 6; i++) await assert.rejects(store.head("k", signal), { code: "StoreBusy" });
    assert.equal(calls(), 6 + policy.budget);
  });

  test("is not made again once it was cancelled, though it waits", async () => {
    const { head, calls } = failing(["StoreBusy", "StoreBusy"]);
    const controller = new AbortController();
    const slow = { ...policy, firstPause: 60_000, longestPause: 60_000, random: () => 1 };
    const call = withRetries(storeWith({ head }), slow).head("k", controller.signal);
    controller.abort(new Error("enough"));
    await assert.rejects(call, { message: "enough" });
    assert.equal(calls(), 1);
  });

  test("in a store that never answered is given up sooner than in one that did", async () => {
    const impatient = { ...policy, attemptsAtFirst: 2 };
    let isAway = true;
    let calls = 0;
    const head: ObjectStore["head"] = () => {
      calls++;
      return isAway ? Promise.reject(failure("StoreUnreachable")) : Promise.resolve(undefined);
    };
    const store = withRetries(storeWith({ head }), impatient);
    await assert.rejects(store.head("k", signal), { code: "StoreUnreachable" });
    assert.equal(calls, 2);
    isAway = false;
    await store.head("k", signal);
    isAway = true;
    calls = 0;
    await assert.rejects(store.head("k", signal), { code: "StoreUnreachable" });
    assert.equal(calls, 4);
  });

  test("that is none of ours is thrown as it is", async () => {
    const store = withRetries(storeWith({ head: () => Promise.reject(new TypeError("flaw")) }), policy);
    await assert.rejects(store.head("k", signal), { name: "TypeError" });
  });
});

describe("a range that is cut off", () => {
  const content = Buffer.from("the whole content of an object");

  /** Gives ever fewer bytes than asked for, until `cuts` are used up. */
  function cutting(cuts: number, etagOf: (call: number) => string): { store: ObjectStore; ranges: string[] } {
    const ranges: string[] = [];
    let call = 0;
    const get: ObjectStore["get"] = async (_key, { offset, length, ifMatch }) => {
      const etag = etagOf(call++);
      ranges.push(`${offset}+${length}`);
      if (ifMatch !== undefined && ifMatch !== etag) return "changed";
      const isCut = cuts-- > 0;
      const bytes = content.subarray(offset, offset + (isCut ? 5 : length));
      const found: ObjectContent = {
        facts: { size: content.length, etag, modifiedAt: 0 },
        bytes: (async function* () {
          yield bytes;
          if (isCut) throw failure("StoreUnreachable");
        })(),
      };
      return found;
    };
    return { store: withRetries(storeWith({ get }), policy), ranges };
  }

  async function read(store: ObjectStore): Promise<string> {
    const found = await store.get("k", { offset: 4, length: 20 }, signal);
    assert.ok(typeof found === "object");
    return Buffer.concat(await Array.fromAsync(found.bytes)).toString();
  }

  test("goes on where it stopped, however often, as long as it gets on", async () => {
    const { store, ranges } = cutting(3, () => "a");
    assert.equal(await read(store), content.toString("utf8", 4, 24));
    assert.deepEqual(ranges, ["4+20", "9+15", "14+10", "19+5"]);
  });

  test("never goes on in another object", async () => {
    const { store } = cutting(1, (call) => `${call}`);
    await assert.rejects(read(store), { code: "Damaged", message: /became another/ });
  });
});
