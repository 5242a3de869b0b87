import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import { Validator } from "@seriousme/openapi-schema-validator";
import fc from "fast-check";
import { type RawAnswer, sendRaw, type TestGateway, testGateway } from "../../../test/fixtures/gateway.ts";
import { type DescribedRequest, requestsOf } from "../../../test/fixtures/openapi-requests.ts";
import { routes } from "../../api/routes.ts";
import type { OpenApiDocument } from "./types.ts";

suite("the OpenAPI document", () => {
  let gateway: TestGateway;
  let document: OpenApiDocument;
  let url = "";

  before(async () => {
    const anywhere = async (location: string) => ({ location, reached: location });
    const places = { source: anywhere, destination: anywhere };
    const limits = { failures: { burst: 1e6, perSecond: 1e6 } };
    gateway = await testGateway({ limits }, () => ({ places }));
    const { status, body } = await gateway.call("GET", "/openapi.json", undefined, { authorization: "" });
    assert.equal(status, 200);
    document = body as OpenApiDocument;
    url = await gateway.listen();
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

  /** Sends it; events and the like are asked for so that they end. */
  const send = async (
    { method, path, headers, body }: DescribedRequest,
    token: string,
  ): Promise<RawAnswer> => {
    const all: Record<string, string> = { ...headers, authorization: `Bearer ${token}` };
    if (body !== undefined) all["content-type"] = "application/json";
    if (path.includes("/events")) all["last-event-id"] = "x";
    return sendRaw(url, { method, path, headers: all, ...(body === undefined ? {} : { body }) });
  };

  const numRuns = 500;

  test("random requests made from it are answered, and never with a 5xx", async () => {
    const { admin } = gateway.tokens;
    const token = fc.constantFrom(...Object.values(gateway.tokens), "wrong", "", admin, admin, admin);
    const seen = new Set<number>();
    await fc.assert(
      fc.asyncProperty(requestsOf(document, "any"), token, async (request, bearer) => {
        const { status, headers, bytes } = await send(request, bearer);
        seen.add(status);
        assert.ok(status < 500, `${JSON.stringify(request)}: ${bytes.toString()}`);
        if (status >= 400) assert.equal(headers["content-type"], "application/problem+json");
      }),
      { numRuns },
    );
    for (const status of [400, 401, 403, 404, 422]) assert.ok(seen.has(status), `no answer was ${status}`);
  });

  test("requests that fit are done, or refused for what there is", async () => {
    let changes = 0;
    await fc.assert(
      fc.asyncProperty(requestsOf(document, "fitting"), async (request) => {
        const { status, bytes } = await send(request, gateway.tokens.admin);
        assert.ok(status < 500, `${JSON.stringify(request)}: ${bytes.toString()}`);
        assert.ok(status !== 401 && status !== 403 && status !== 415);
        if (request.method !== "GET" && status < 300) changes++;
      }),
      { numRuns },
    );
    assert.ok(changes > 0);
    assert.deepEqual(gateway.reported, []);
  });
});
