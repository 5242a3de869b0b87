import assert from "node:assert/strict";
import { test } from "node:test";
import { exportRequest, testGateway } from "../../test/fixtures/gateway.ts";

const exports = "/api/v1/namespaces/default/exports";

test("an export is made, read, listed, changed, cancelled and deleted", async () => {
  await using gateway = await testGateway();
  const made = await gateway.call("POST", exports, exportRequest(gateway, "reports", { suspend: true }));
  assert.equal(made.status, 202, made.text);
  assert.equal(made.headers["location"], `${exports}/reports`);
  assert.equal(made.headers["etag"], `"${made.body.metadata.resourceVersion}"`);
  assert.equal(made.body.spec.format, "TarZstd");
});
