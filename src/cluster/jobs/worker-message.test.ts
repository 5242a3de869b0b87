import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { LongshoreError } from "../../domain/errors.ts";
import { encodeMessage, messageError, parseMessage } from "./worker-message.ts";

const text = fc.string({ unit: "binary", maxLength: 5000 });

test("no error is longer than 2 KiB, and its code is never lost", () => {
  fc.assert(
    fc.property(text, text, (message, hint) => {
      const encoded = encodeMessage({ stage: "all", error: { code: "StoreDenied", message, hint } });
      assert.ok(Buffer.byteLength(encoded) <= 2048);
      assert.equal(parseMessage(encoded)?.error?.code, "StoreDenied");
    }),
  );
});

test("a short message comes back as it was", () => {
  const error = { code: "StoreDenied", message: "no: ü", hint: "ask" } as const;
  assert.deepEqual(parseMessage(encodeMessage({ stage: "pack", error })), { stage: "pack", error });
});

test("what is none of ours is nothing, and throws nothing", () => {
  fc.assert(fc.property(fc.oneof(text, fc.json()), (given) => void parseMessage(given)));
  for (const none of [
    undefined,
    "",
    "{",
    "null",
    "{}",
    '{"stage":"other"}',
    '{"stage":"all","error":{"code":"x"}}',
  ])
    assert.equal(parseMessage(none), undefined, none);
});

test("of an error that nobody expected nothing is told", () => {
  assert.doesNotMatch(JSON.stringify(messageError(new Error("a-secret"))), /a-secret/);
  assert.equal(messageError(new LongshoreError("StoreBusy", "it is busy")).code, "StoreBusy");
});
