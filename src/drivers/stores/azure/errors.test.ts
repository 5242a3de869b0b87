import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { inspect } from "node:util";
import { type ErrorCode, LongshoreError } from "../../../domain/errors.ts";
import { storeError } from "./errors.ts";

const { signal } = new AbortController();
const asked = { operation: "Put Blob", key: "p/a", displayed: "az://box" };

const headers = (given: Record<string, string>) => ({ get: (name: string) => given[name] });
const sent = "Sat, 21 Nov 2026 14:00:00 GMT";

/** As the SDK throws it for an answer: the store's word is in a header, and in `details` where there was a body. */
const answered = (name: string, status: number, more: object = {}): object =>
  Object.assign(new Error("said the store"), {
    name: "RestError",
    statusCode: status,
    ...(name === "" ? undefined : { code: name, details: { errorCode: name } }),
    request: { headers: headers({ authorization: "SharedKey me:c2VjcmV0", "x-ms-date": sent }) },
    response: { headers: headers({ "x-ms-error-code": name, date: sent }) },
    ...more,
  });
const broken = (code: string): object => Object.assign(new Error("x"), { name: "RestError", code });
const saying = (message: string): object => ({ message });

const table: [what: string, error: object, code: ErrorCode, said: RegExp][] = [
  [
    "a wrong key",
    answered("AuthenticationFailed", 403),
    "CredentialsInvalid",
    /key is not that of the account/,
  ],
  [
    "a wrong key, as the emulator says it",
    answered("AuthorizationFailure", 403, saying("Server failed to authenticate the request.")),
    "CredentialsInvalid",
    /key is not that of the account/,
  ],
  [
    "an old SAS token",
    answered("AuthenticationFailed", 403, {
      details: {
        errorCode: "AuthenticationFailed",
        authenticationErrorDetail: "Signature not valid in the specified time frame: Start [] - Expiry []",
      },
    }),
    "CredentialsInvalid",
    /SAS token that is not valid yet or any more/,
  ],
  [
    "a wrong clock, by the store's own",
    answered("AuthenticationFailed", 403, {
      response: { headers: headers({ date: "Sat, 21 Nov 2026 15:00:00 GMT" }) },
    }),
    "ClockSkewed",
    /clock/,
  ],
  [
    "a wrong clock, by its sentence",
    answered("AuthenticationFailed", 403, saying("Request date header too old: 'Sat, …'")),
    "ClockSkewed",
    /clock/,
  ],
  [
    "nobody without credentials",
    answered("NoAuthenticationInformation", 401),
    "CredentialsInvalid",
    /no credentials/,
  ],
  ["no public access", answered("PublicAccessNotPermitted", 409), "CredentialsInvalid", /no credentials/],
  [
    "no account keys",
    answered("KeyBasedAuthenticationNotPermitted", 403),
    "StoreDenied",
    /no account keys.*SAS/,
  ],
  ["a firewall", answered("AuthorizationFailure", 403), "StoreDenied", /from here.*firewall/],
  ["an address", answered("AuthorizationSourceIPMismatch", 403), "StoreDenied", /address.*sip/],
  [
    "a SAS token without the letter",
    answered("AuthorizationPermissionMismatch", 403),
    "StoreDenied",
    /does not allow Put Blob.*sp=…w….*Contributor/,
  ],
  ["a denied HEAD, which has no body", answered("", 403), "StoreDenied", /does not allow/],
  ["a missing container", answered("ContainerNotFound", 404), "BucketNotFound", /does not exist/],
  ["another account's server", answered("ResourceNotFound", 404), "BucketNotFound", /account/],
  ["a container on its way out", answered("ContainerBeingDeleted", 409), "StoreBusy", /being deleted/],
  ["throttling", answered("ServerBusy", 503), "StoreBusy", /fewer requests/],
  ["throttling without a name", answered("", 429), "StoreBusy", /fewer requests/],
  ["an unavailable service", answered("", 503), "StoreBusy", /not available/],
  ["a failure inside", answered("InternalError", 500), "StoreFailed", /inside/],
  ["too slow a server", answered("OperationTimedOut", 500), "StoreFailed", /own time/],
  ["a gateway's failure", answered("", 502), "StoreFailed", /502/],
  ["wrong bytes on the way", answered("Md5Mismatch", 400), "StoreFailed", /other bytes/],
  ["a lease", answered("LeaseIdMissing", 412), "StoreDenied", /leased.*end the lease/],
  ["a retention policy", answered("BlobImmutableDueToPolicy", 409), "StoreDenied", /locked/],
  ["an archived blob", answered("BlobArchived", 409), "StoreDenied", /archived.*tier/],
  ["too large a blob", answered("RequestBodyTooLarge", 413), "StoreUnsupported", /this size/],
  ["blocks of others", answered("InvalidBlobOrBlock", 400), "StoreUnsupported", /another program.*--name/],
  ["a page blob", answered("InvalidBlobType", 409), "StoreUnsupported", /page blob/],
  ["an odd name", answered("InvalidResourceName", 400), "StoreUnsupported", /no such name/],
  ["an unknown parameter", answered("InvalidQueryParameterValue", 400), "StoreUnsupported", /InvalidQuery/],
  ["nobody there", broken("ECONNREFUSED"), "StoreUnreachable", /nobody listens/],
  ["no such account", broken("ENOTFOUND"), "StoreUnreachable", /no address.*account/],
  ["a cut", broken("ECONNRESET"), "StoreUnreachable", /broke the connection/],
  ["an answer that ended early", { ...broken("PARSE_ERROR"), statusCode: 200 }, "StoreUnreachable", /broke/],
  ["silence", broken("ETIMEDOUT"), "StoreUnreachable", /does not answer/],
  ["a private authority", broken("SELF_SIGNED_CERT_IN_CHAIN"), "StoreUntrusted", /not trusted.*caBundle/],
  ["another name's certificate", broken("ERR_TLS_CERT_ALTNAME_INVALID"), "StoreUntrusted", /another name/],
  ["no TLS at all", broken("EPROTO"), "StoreUntrusted", /does not speak TLS/],
  ["nonsense", new Error("x"), "StoreFailed", /no answer that can be understood/],
];

describe("what the store says", () => {
  for (const [what, error, code, said] of table)
    test(`${what} is ${code}`, () => {
      const meant = storeError(error, asked, signal);
      assert.ok(meant instanceof LongshoreError);
      assert.equal(meant.code, code);
      assert.match(`${meant.message}: ${meant.hint}`, said);
      assert.match(meant.message, /az:\/\/box.*p\/a/);
    });

  test("is kept as the cause without the request, its signature and the SAS token", () => {
    const url = "https://x/?sv=1&sig=c2VjcmV0&se=2";
    const error = answered("AuthenticationFailed", 403, saying(`refused ${url}`));
    const meant = storeError(error, asked, signal);
    assert.ok(meant instanceof LongshoreError && meant.cause instanceof Error);
    assert.match(meant.cause.message, /refused https:\/\/x\/\?sv=1&sig=…&se=2/);
    const shown = inspect(meant.cause, { depth: 9, showHidden: true });
    assert.doesNotMatch(shown, /c2VjcmV0/);
  });

  test("of a cancelled call is the reason of the cancel", () => {
    const reason = new Error("enough");
    assert.equal(storeError(answered("ServerBusy", 503), asked, AbortSignal.abort(reason)), reason);
  });
});
