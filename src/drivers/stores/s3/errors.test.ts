import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type ErrorCode, LongshoreError } from "../../../domain/errors.ts";
import { storeError } from "./errors.ts";

const { signal } = new AbortController();
const asked = { operation: "PutObject", key: "p/a", displayed: "s3://bucket" };

const answered = (name: string, status: number, more: object = {}): object =>
  Object.assign(new Error("said the store"), { name, $metadata: { httpStatusCode: status } }, more);
const broken = (code: string): object => Object.assign(new Error("x"), { code });

const table: [what: string, error: object, code: ErrorCode, said: RegExp][] = [
  [
    "an unknown key",
    answered("InvalidAccessKeyId", 403),
    "CredentialsInvalid",
    /does not know the access key/,
  ],
  ["a wrong secret", answered("SignatureDoesNotMatch", 403), "CredentialsInvalid", /secret key/],
  ["an expired token", answered("ExpiredToken", 400), "CredentialsInvalid", /expired/],
  ["no credentials", answered("CredentialsProviderError", 0), "CredentialsInvalid", /AWS_ACCESS_KEY_ID/],
  ["a missing bucket", answered("NoSuchBucket", 404), "BucketNotFound", /does not exist/],
  ["a missing bucket that HEAD can't name", answered("NotFound", 404), "BucketNotFound", /does not exist/],
  [
    "another region, by its header",
    answered("PermanentRedirect", 301, { $response: { headers: { "x-amz-bucket-region": "eu-north-1" } } }),
    "WrongRegion",
    /region eu-north-1.*region=eu-north-1/,
  ],
  [
    "another region, by its sentence",
    Object.assign(answered("AuthorizationHeaderMalformed", 400), { message: "…; expecting 'us-west-2'" }),
    "WrongRegion",
    /region=us-west-2/,
  ],
  ["another region, unnamed", answered("PermanentRedirect", 301), "WrongRegion", /region=/],
  ["no region at all", new Error("Region is missing"), "WrongRegion", /region=/],
  ["a denied operation", answered("AccessDenied", 403), "StoreDenied", /PutObject.*s3:PutObject/],
  ["a denied HEAD, which has no name", answered("403", 403), "StoreDenied", /s3:PutObject/],
  ["a wrong clock", answered("RequestTimeTooSkewed", 403), "ClockSkewed", /clock/],
  ["throttling", answered("SlowDown", 503), "StoreBusy", /fewer requests/],
  ["throttling without a name", answered("", 429), "StoreBusy", /fewer requests/],
  ["an unavailable service", answered("", 503), "StoreBusy", /not available/],
  ["a failure inside", answered("InternalError", 500), "StoreFailed", /inside/],
  ["a failure inside a success", answered("InternalError", 200), "StoreFailed", /inside/],
  ["a gateway's failure", answered("", 502), "StoreFailed", /502/],
  ["wrong bytes on the way", answered("BadDigest", 400), "StoreFailed", /other bytes/],
  ["a full store", answered("", 507), "DestinationFull", /full/],
  ["a used-up quota", answered("QuotaExceeded", 403), "DestinationFull", /quota/],
  ["what the store has not", answered("NotImplemented", 501), "StoreUnsupported", /PutObject/],
  ["what the store refuses", answered("InvalidStorageClass", 400), "StoreUnsupported", /InvalidStorageClass/],
  ["an upload that is gone", answered("NoSuchUpload", 404), "UploadLost", /upload/],
  ["nobody there", broken("ECONNREFUSED"), "StoreUnreachable", /nobody listens/],
  ["no such name", broken("ENOTFOUND"), "StoreUnreachable", /forcePathStyle/],
  ["a cut connection", broken("ECONNRESET"), "StoreUnreachable", /broke/],
  ["silence", Object.assign(new Error("x"), { name: "TimeoutError" }), "StoreUnreachable", /not answer/],
  ["a private authority", broken("SELF_SIGNED_CERT_IN_CHAIN"), "StoreUntrusted", /caBundle/],
  ["an unknown authority", broken("UNABLE_TO_VERIFY_LEAF_SIGNATURE"), "StoreUntrusted", /caBundle/],
  ["a certificate that has expired", broken("CERT_HAS_EXPIRED"), "StoreUntrusted", /CERT_HAS_EXPIRED/],
  ["a certificate of another name", broken("ERR_TLS_CERT_ALTNAME_INVALID"), "StoreUntrusted", /another name/],
  ["no TLS at all", broken("EPROTO"), "StoreUntrusted", /http:/],
  ["what nobody understands", new Error("?"), "StoreFailed", /no answer/],
];

describe("an S3 store that answers with", () => {
  for (const [what, error, code, said] of table)
    test(what, () => {
      const found = storeError(error, asked, signal);
      assert.ok(found instanceof LongshoreError);
      assert.equal(found.code, code);
      assert.match(`${found.message}: ${found.hint}`, said);
      assert.match(found.message, /^s3:\/\/bucket .*\(at p\/a\)$/);
      assert.equal(found.cause, error);
    });

  test("anything to a call that was cancelled gives the reason of that", () => {
    const reason = new Error("enough");
    assert.equal(storeError(broken("ECONNRESET"), asked, AbortSignal.abort(reason)), reason);
  });
});
