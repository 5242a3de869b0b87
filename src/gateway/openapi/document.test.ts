import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import { Validator } from "@seriousme/openapi-schema-validator";
import fc from "fast-check";
import { sendRaw, type TestGateway, testGateway } from "../../../test/fixtures/gateway.ts";
import { requestsOf } from "../../../test/fixtures/openapi-requests.ts";
import { routes } from "../../api/routes.ts";
import type { OpenApiDocument } from "./types.ts";

suite("the OpenAPI document", () => {
  let gateway: TestGateway;
  let document: OpenApiDocument;

  before(async () => {
    const places = { source: async (path: string) => path, destination: async (path: string) => path };
    const limits = { failures: { burst: 1e6, perSecond: 1e6 } };
    gateway = await testGateway({ limits }, () => ({ places }));
    const { status, body } = await gateway.call("GET", "/openapi.json", undefined, { authorization: "" });
    assert.equal(status, 200);
    document = body as OpenApiDocument;
  });
  after(() => gateway[Symbol.asyncDispose]());

  test("is valid", async () => {
    const { valid, errors } = await new Validator().validate(
      structuredClone(document) as unknown as Record<string, unknown>,
    );
    assert.equal(valid, true, JSON.stringify(errors));
    assert.equal(document.openapi, "3.1.0");
  });

  test("has every address of the interface, each operation with a name of its own", () => {
    assert.deepEqual(new Set(Object.keys(document.paths)), new Set(Object.values(routes)));
    const operations = Object.values(document.paths).flatMap((path) => Object.values(path));
    assert.equal(new Set(operations.map(({ operationId }) => operationId)).size, operations.length);
    for (const [path, methods] of Object.entries(document.paths))
      for (const { parameters, operationId } of Object.values(methods)) {
        const named = parameters
          .filter((parameter) => parameter.in === "path")
          .map(({ name }) => `{${name}}`);
        assert.deepEqual(named.toSorted(), (path.match(/\{\w+\}/g) ?? []).toSorted(), operationId);
      }
  });

  test("names only schemas that it has", () => {
    const text = JSON.stringify(document);
    const named = new Set([...text.matchAll(/"#\/components\/schemas\/(\w+)"/g)].map(([, name]) => name));
    assert.deepEqual([...named].map(String).toSorted(), Object.keys(document.components.schemas).toSorted());
    assert.ok(!text.includes('"$ref":"#/$defs'), "a reference that leads nowhere");
  });

  test("says what may be left out, and what not", () => {
    const specOf = (name: string): { required: string[] } => {
      const schema = document.components.schemas[name] as { properties: { spec: { required: string[] } } };
      return schema.properties.spec;
    };
    assert.deepEqual(specOf("NewExport").required, ["source", "destination"]);
    assert.ok(specOf("Export").required.includes("format"));
  });

  test("random requests made from it are answered, and never with a 5xx", async () => {
    const url = await gateway.listen();
    const { admin } = gateway.tokens;
    const token = fc.constantFrom(...Object.values(gateway.tokens), "wrong", "", admin, admin, admin);
    const seen = new Set<number>();
    await fc.assert(
      fc.asyncProperty(requestsOf(document), token, async ({ method, path, headers, body }, bearer) => {
        const all: Record<string, string> = {
          ...headers,
          authorization: `Bearer ${bearer}`,
          "content-type": "application/json",
        };
        // Streams of events would not end.
        if (path.includes("/events")) all["last-event-id"] = "x";
        const payload = body === undefined ? {} : { body };
        const answer = await sendRaw(url, { method, path, headers: all, ...payload });
        seen.add(answer.status);
        assert.ok(answer.status < 500, `${method} ${path} ${body ?? ""}: ${answer.bytes.toString()}`);
        const type = String(answer.headers["content-type"]);
        if (answer.status >= 400) assert.equal(type, "application/problem+json");
      }),
      { numRuns: 1500 },
    );
    assert.deepEqual(gateway.reported, []);
    for (const status of [200, 201, 202, 204, 400, 401, 403, 404, 422])
      assert.ok(seen.has(status), `no answer was ${status}: ${[...seen].join()}`);
  });
});
