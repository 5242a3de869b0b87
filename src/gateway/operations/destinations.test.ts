import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { testGateway } from "../../../test/fixtures/gateway.ts";
import { ExportDestination } from "../../domain/resources/resource.ts";

const destinations = "/api/v1/namespaces/default/destinations";

test("a destination is made where it is allowed, read, listed and deleted", async () => {
  await using gateway = await testGateway();
  const request = (path: string) => ({ metadata: { name: "handover" }, spec: { directory: { path } } });
  const outside = await gateway.call("POST", destinations, request("/etc"));
  assert.deepEqual([outside.status, outside.body.code], [422, "PlaceNotAllowed"]);
  const made = await gateway.call("POST", destinations, request(join(gateway.allowed, "x")));
  assert.equal(made.status, 201, made.text);
  assert.equal(made.headers["location"], `${destinations}/handover`);
  assert.deepEqual(ExportDestination.parse(made.body), made.body);
  assert.equal(
    (await gateway.call("POST", destinations, request(gateway.allowed))).body.code,
    "AlreadyExists",
  );
  assert.deepEqual((await gateway.call("GET", `${destinations}/handover`)).body, made.body);
  const list = (await gateway.call("GET", destinations)).body;
  assert.deepEqual([list.kind, list.items], ["ExportDestinationList", [made.body]]);
  assert.equal((await gateway.call("PATCH", `${destinations}/handover`, {})).status, 405);
  assert.equal((await gateway.call("DELETE", `${destinations}/handover`)).status, 200);
  assert.equal((await gateway.call("GET", `${destinations}/handover`)).status, 404);
  const { items } = (await gateway.call("GET", "/api/v1/audit")).body;
  assert.deepEqual(
    items.map(({ action, kind }: { action: string; kind: string }) => [action, kind]),
    [
      ["delete", "ExportDestination"],
      ["create", "ExportDestination"],
    ],
  );
});

test("a destination in a bucket is held to the schema and to what is allowed, and keeps what was said", async () => {
  await using gateway = await testGateway();
  const make = (name: string, url: string) =>
    gateway.call("POST", destinations, { metadata: { name }, spec: { bucket: { url } } });
  const made = await make("far", "s3://allowed/2026");
  assert.equal(made.status, 201, made.text);
  assert.deepEqual(ExportDestination.parse(made.body).spec, { bucket: { url: "s3://allowed/2026" } });
  const outside = await make("outside", "s3://other/2026");
  assert.deepEqual([outside.status, outside.body.code], [422, "PlaceNotAllowed"]);
  const secret = await make("secret", "s3://me:hunter2@allowed/2026");
  assert.deepEqual([secret.status, secret.body.code], [422, "InvalidDocument"]);
  assert.match(secret.body.detail, /\/spec\/bucket\/url: the s3:\/\/ location carries a user or a key/);
  assert.ok(!secret.text.includes("hunter2"));
});
