import assert from "node:assert/strict";
import { test } from "node:test";
import { lineMeaning, statusMeaning, storeFailure } from "./store-meaning.ts";

const asked = { operation: "PutObject", displayed: "s3://bucket", key: "p/a" };

test("codes of the line", () => {
  const table: [code: unknown, meaning: string | undefined, says: RegExp][] = [
    ["ECONNREFUSED", "StoreUnreachable", /nobody listens/],
    ["ENOTFOUND", "StoreUnreachable", /no address/],
    ["ECONNRESET", "StoreUnreachable", /broke the connection/],
    ["ETIMEDOUT", "StoreUnreachable", /does not answer/],
    ["EPROTO", "StoreUntrusted", /does not speak TLS/],
    ["ERR_SSL_WRONG_VERSION_NUMBER", "StoreUntrusted", /does not speak TLS/],
    ["ERR_TLS_CERT_ALTNAME_INVALID", "StoreUntrusted", /another name/],
    ["CERT_HAS_EXPIRED", "StoreUntrusted", /not trusted \(CERT_HAS_EXPIRED\)/],
    ["HPE_INVALID_CONSTANT", "StoreUnreachable", /does not speak HTTP/],
    ["constructor", undefined, /^$/],
    [undefined, undefined, /^$/],
    [12, undefined, /^$/],
  ];
  for (const [code, meaning, says] of table) {
    assert.equal(lineMeaning(code)?.code, meaning, String(code));
    assert.match(lineMeaning(code)?.text ?? "", says);
  }
});

test("statuses", () => {
  const table: [status: number, word: string, meaning: string, says: RegExp][] = [
    [0, "", "StoreFailed", /no answer that can be understood to PutObject/],
    [200, "", "StoreFailed", /no answer that can be understood/],
    [307, "", "StoreUnsupported", /refuses PutObject with 307/],
    [400, "InvalidTag", "StoreUnsupported", /refuses PutObject with InvalidTag/],
    [408, "", "StoreUnreachable", /waited in vain/],
    [413, "", "StoreUnsupported", /size/],
    [429, "", "StoreBusy", /fewer requests/],
    [500, "", "StoreFailed", /answered with 500/],
    [501, "", "StoreUnsupported", /has no PutObject/],
    [503, "", "StoreBusy", /not available/],
    [504, "", "StoreBusy", /not available/],
    [507, "", "DestinationFull", /full/],
  ];
  for (const [status, word, meaning, says] of table) {
    const found = statusMeaning(status, word, asked);
    assert.equal(found.code, meaning, String(status));
    assert.match(found.text, says);
  }
});

test("an error says which store, what and where, and what to do", () => {
  const cause = new Error("x");
  const error = storeFailure({ code: "StoreBusy", text: "rests" }, asked, cause);
  assert.equal(error.message, "s3://bucket rests (at p/a)");
  assert.equal(error.cause, cause);
  assert.match(error.hint, /again later/);
  const meaning = { code: "StoreBusy", text: "rests", hint: "wait" } as const;
  const whole = storeFailure(meaning, { ...asked, key: "" }, cause);
  assert.deepEqual([whole.message, whole.hint], ["s3://bucket rests", "wait"]);
});
