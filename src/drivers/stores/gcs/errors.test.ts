import assert from "node:assert/strict";
import { test } from "node:test";
import { hasCode, LongshoreError } from "../../../domain/errors.ts";
import { answerError, isConditionFailed, isMissing, isRefusal, storeError } from "./errors.ts";

const { signal } = new AbortController();
const asked = { operation: "objects.insert", displayed: "gs://box", key: "a/b", isAnonymous: false };

const document = (code: number, reason: string, message = "no"): string =>
  JSON.stringify({ error: { code, message, errors: [{ message, domain: "global", reason }] } });

const answered = (status: number, reason: string, message?: string, more: object = {}): LongshoreError => {
  const error = storeError(
    answerError(status, document(status, reason, message)),
    { ...asked, ...more },
    signal,
  );
  assert.ok(error instanceof LongshoreError);
  return error;
};

test("answers mean what Google says of them", () => {
  const table: [status: number, reason: string, message: string, code: string, says: RegExp][] = [
    [401, "authError", "Invalid Credentials", "CredentialsInvalid", /refuses the credentials/],
    [
      403,
      "forbidden",
      "x does not have storage.objects.create access",
      "StoreDenied",
      /does not allow objects\.insert/,
    ],
    [403, "insufficientPermissions", "", "StoreDenied", /scopes/],
    [403, "retentionPolicyNotMet", "", "StoreDenied", /retention policy/],
    [403, "objectUnderActiveHold", "", "StoreDenied", /holds an object/],
    [403, "accountDisabled", "", "StoreDenied", /disabled/],
    [400, "userProjectMissing", "", "StoreDenied", /requesters pay/],
    [412, "orgPolicyConstraintFailed", "", "StoreDenied", /policy of its organisation/],
    [404, "notFound", "The specified bucket does not exist.", "BucketNotFound", /gs:\/\/box does not exist/],
    [404, "notFound", "Not Found", "BucketNotFound", /does not exist/],
    [403, "rateLimitExceeded", "", "StoreBusy", /fewer requests/],
    [403, "userRateLimitExceeded", "", "StoreBusy", /fewer requests/],
    [429, "rateLimitExceeded", "", "StoreBusy", /fewer requests/],
    [403, "quotaExceeded", "", "DestinationFull", /quota/],
    [503, "backendError", "", "StoreBusy", /not available/],
    [500, "internalError", "", "StoreFailed", /failed inside/],
    [502, "", "", "StoreFailed", /answered with 502/],
    [408, "", "", "StoreUnreachable", /waited in vain/],
    [412, "conditionNotMet", "", "StoreFailed", /something else with the same object/],
    [413, "uploadTooLarge", "", "StoreUnsupported", /no object of this size/],
    [501, "notImplemented", "", "StoreUnsupported", /has no objects\.insert/],
    [400, "invalid", "Bad name", "StoreUnsupported", /refuses objects\.insert with invalid/],
    [307, "", "", "StoreUnsupported", /refuses objects\.insert with 307/],
    [
      400,
      "invalid",
      'Provided CRC32C "AAAAAA==" doesn\'t match calculated CRC32C "yZRlqg==".',
      "StoreFailed",
      /other bytes than were sent/,
    ],
  ];
  for (const [status, reason, message, code, says] of table) {
    const error = answered(status, reason, message);
    assert.equal(error.code, code, `${status} ${reason}`);
    assert.match(error.message, says);
    assert.match(error.message, /^gs:\/\/box .*\(at a\/b\)$/);
    assert.doesNotMatch(error.message, /\n/);
  }
});

test("hints name the permission that is missing, or what else to do", () => {
  const message =
    "me@example.com does not have storage.objects.delete access to the Google Cloud Storage object. Permission 'storage.objects.delete' denied on resource (or it may not exist).";
  assert.match(answered(403, "forbidden", message).hint, /allow storage\.objects\.delete/);
  assert.match(answered(403, "forbidden", "no").hint, /allow storage\.objects\.create/);
  assert.match(
    answered(403, "forbidden", "no", { operation: "objects.list" }).hint,
    /storage\.objects\.list/,
  );
  const anonymous = answered(401, "required", "Anonymous caller …", { isAnonymous: true });
  assert.match(anonymous.message, /wants credentials, and none were sent/);
  assert.match(anonymous.hint, /LONGSHORE_GS_TRUSTED_ENDPOINTS/);
});

test("what stands between us and Google answers too", () => {
  for (const body of ["<html>Bad Gateway</html>", "", "null", '{"error":"no"}', '{"error":{"errors":[]}}']) {
    const error = storeError(answerError(502, body), asked, signal);
    assert.ok(hasCode(error, "StoreFailed"), body);
  }
});

test("no answer at all means what the system says of it", () => {
  const table: [code: string, meaning: string, says: RegExp][] = [
    ["ECONNREFUSED", "StoreUnreachable", /nobody listens/],
    ["ENOTFOUND", "StoreUnreachable", /no address/],
    ["ECONNRESET", "StoreUnreachable", /broke the connection/],
    ["ETIMEDOUT", "StoreUnreachable", /does not answer/],
    ["EPROTO", "StoreUntrusted", /does not speak TLS/],
    ["ERR_SSL_WRONG_VERSION_NUMBER", "StoreUntrusted", /does not speak TLS/],
    ["DEPTH_ZERO_SELF_SIGNED_CERT", "StoreUntrusted", /not trusted/],
    ["ERR_TLS_CERT_ALTNAME_INVALID", "StoreUntrusted", /another name/],
    ["HPE_INVALID_CONSTANT", "StoreUnreachable", /does not speak HTTP/],
    ["constructor", "StoreFailed", /no answer that can be understood/],
  ];
  for (const [code, meaning, says] of table) {
    const error = storeError(Object.assign(new Error(code), { code }), asked, signal);
    assert.ok(error instanceof LongshoreError);
    assert.equal(error.code, meaning, code);
    assert.match(error.message, says);
  }
});

test("a cancelled call says why it was cancelled, and our own errors stay what they are", () => {
  const reason = new Error("enough");
  assert.equal(storeError(new Error("x"), asked, AbortSignal.abort(reason)), reason);
  const own = new LongshoreError("ScratchFailed", "x");
  assert.equal(storeError(own, asked, signal), own);
});

test("what is missing, what has changed and what is refused are told apart", () => {
  const error = (status: number, reason: string, message = ""): Error =>
    answerError(status, document(status, reason, message));
  assert.ok(isMissing(error(404, "notFound", "No such object: box/a")));
  assert.ok(isMissing(answerError(404, "No such object: box/a")));
  assert.ok(!isMissing(error(404, "notFound", "The specified bucket does not exist.")));
  assert.ok(isConditionFailed(error(412, "conditionNotMet")) && isConditionFailed(answerError(412, "")));
  assert.ok(!isConditionFailed(error(412, "orgPolicyConstraintFailed")));
  for (const [status, reason] of [
    [400, "invalid"],
    [403, "forbidden"],
    [404, "notFound"],
  ] as const)
    assert.ok(isRefusal(error(status, reason)), reason);
  for (const [status, reason] of [
    [401, "authError"],
    [403, "rateLimitExceeded"],
    [408, ""],
    [429, "rateLimitExceeded"],
    [503, "backendError"],
  ] as const)
    assert.ok(!isRefusal(error(status, reason)), `${status}`);
});
