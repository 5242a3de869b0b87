import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { textPayload } from "../../test/fixtures/buckets.ts";
import { memoryStore } from "../../test/fixtures/memory-store.ts";
import { LongshoreError } from "../domain/errors.ts";
import type { MultipartUploads, ObjectStore } from "../domain/ports/object-store.ts";
import { withReplacedCredentials } from "./store-credentials.ts";

const { signal } = new AbortController();

/** A store that takes one key, and whoever has the keys that are presented to it. */
function lockedStore() {
  const state = { valid: "one", present: "one", time: 0, opened: 0, isReadable: true };
  const inner = memoryStore();
  const open = (key: string): ObjectStore => {
    state.opened++;
    const locked = memoryStore({
      onRequest: () => {
        if (key !== state.valid) throw new LongshoreError("CredentialsInvalid", "the key is not known");
      },
    });
    const check = (cancelled: AbortSignal): Promise<void> => locked.check(cancelled);
    return {
      ...inner,
      put: async (...call) => {
        await check(call[2]);
        return inner.put(...call);
      },
      head: async (...call) => {
        await check(call[1]);
        return inner.head(...call);
      },
    };
  };
  const store = withReplacedCredentials({
    read: () => {
      if (!state.isReadable) throw new LongshoreError("CredentialsInvalid", "it can't be read");
      return state.present;
    },
    areSame: (a, b) => a === b,
    open,
    now: () => state.time,
  });
  return { state, store };
}

describe("credentials that are replaced", () => {
  test("are taken when the store refuses those before, and the call is made again", async () => {
    const { state, store } = lockedStore();
    await store.put("k", textPayload("x"), signal);
    state.valid = state.present = "two";
    assert.equal((await store.head("k", signal))?.size, 1);
    assert.equal(state.opened, 2);
  });

  test("are taken within a second though those before still hold", async () => {
    const { state, store } = lockedStore();
    await store.put("k", textPayload("x"), signal);
    state.present = "two";
    await store.head("k", signal);
    assert.equal(state.opened, 1);
    state.time += 1000;
    await assert.rejects(store.head("k", signal), { code: "CredentialsInvalid" });
    assert.equal(state.opened, 2);
  });

  test("that are refused too end the call", async () => {
    const { state, store } = lockedStore();
    state.valid = "three";
    await assert.rejects(store.head("k", signal), { code: "CredentialsInvalid", message: /not known/ });
    state.present = "two";
    await assert.rejects(store.head("k", signal), { code: "CredentialsInvalid" });
    assert.equal(state.opened, 2);
  });

  test("that can do less than those before end what only those could", async () => {
    const state = { present: "key" };
    const store = withReplacedCredentials({
      read: () => state.present,
      areSame: (a, b) => a === b,
      open: (kind): ObjectStore => {
        if (kind === "token") return memoryStore();
        const multipart = { uploads: async () => [] } as Partial<MultipartUploads> as MultipartUploads;
        return { ...memoryStore(), multipart, presign: async () => "https://x" };
      },
      now: () => (state.present === "key" ? 0 : 5000),
    });
    assert.equal(await store.presign?.("k", { expiresInSeconds: 1 }, signal), "https://x");
    state.present = "token";
    const code = "CredentialsInvalid";
    await assert.rejects(async () => store.presign?.("k", { expiresInSeconds: 1 }, signal), { code });
    await assert.rejects(async () => store.multipart?.uploads("", signal), { code });
  });

  test("are no matter while they can't be read", async () => {
    const { state, store } = lockedStore();
    await store.put("k", textPayload("x"), signal);
    state.isReadable = false;
    state.time += 5000;
    assert.equal((await store.head("k", signal))?.size, 1);
  });
});
