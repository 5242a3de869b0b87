import assert from "node:assert/strict";
import { test } from "node:test";
import { LongshoreError } from "../../domain/errors.ts";
import { apiError } from "../client/api-status.ts";
import { pods } from "../jobs/objects.ts";
import { resourceOf } from "../store/kube-document.ts";
import { explainedError } from "./explained-error.ts";

const status = (code: number, reason: string, message: string, details: object = {}): LongshoreError =>
  apiError({
    code,
    request: "GET /x",
    status: { kind: "Status", code, reason, message, details },
  });
const exports = resourceOf("Export");
const explained = (error: LongshoreError, resource = exports): LongshoreError => {
  const said = explainedError(error, resource, "https://cluster");
  assert.ok(said instanceof LongshoreError);
  return said;
};

test("a cluster without the kind has no Longshore", () => {
  const missing = explained(status(404, "NotFound", "the server could not find the requested resource"));
  assert.equal(missing.code, "NotInstalled");
  assert.equal(missing.message, "Longshore is not installed in the cluster at https://cluster");
  assert.match(missing.hint, /`longshore install \| kubectl apply --server-side -f -`$/);
  const plain = apiError({ code: 404, request: "GET /x", status: undefined });
  assert.equal(explained(plain).code, "NotInstalled");
});

test("what is missing otherwise is said as it is", () => {
  const gone = status(404, "NotFound", 'namespaces "x" not found', { name: "x" });
  assert.equal(explained(gone), gone);
  const none = status(404, "NotFound", "the server could not find the requested resource");
  assert.equal(explained(none, pods), none);
});

test("a missing right is said with the role that has it, and a policy's refusal as it is", () => {
  const sentence = (verb: string, where: string): string =>
    `exports.longshore.dev is forbidden: User "eve" cannot ${verb} resource "exports" in API group "longshore.dev" ${where}`;
  const cases: readonly (readonly [string, RegExp])[] = [
    [sentence("list", 'in the namespace "team"'), /the role view of the namespace has it$/],
    [sentence("create", 'in the namespace "team"'), /the role edit of the namespace has it$/],
    [sentence("list", "at the cluster scope"), /^name a namespace with -n/],
    ["denied request: spec.source.volume.claimName: eve may not use x", /or change what is refused$/],
    ["exceeded quota: exports", /or change what is refused$/],
  ];
  for (const [message, hint] of cases) {
    const said = explained(status(403, "Forbidden", message));
    assert.deepEqual([said.code, said.message], ["Forbidden", message]);
    assert.match(said.hint, hint);
  }
});

test("a server that is not well is the API server, not ours", () => {
  assert.match(explained(status(500, "InternalError", "etcdserver: no leader")).hint, /API server's log$/);
});

test("what is no error of ours stays what it is", () => {
  const other = new Error("x");
  assert.equal(explainedError(other, exports, ""), other);
});
