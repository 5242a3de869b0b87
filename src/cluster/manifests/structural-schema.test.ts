import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { z } from "zod";
import { Quantity } from "../../domain/resources/quantity-field.ts";
import { structuralSchema } from "./structural-schema.ts";

suite("a structural schema", () => {
  test("is what an API server takes", () => {
    const schema = z.strictObject({
      when: z.iso.datetime().optional(),
      count: z.int().min(1).max(256).default(1),
      bytes: z.int().nonnegative().optional(),
      size: Quantity.default("64Mi"),
      names: z.array(z.string().max(63)).max(8).describe("Of things."),
      labels: z.record(z.string(), z.string().max(63)).meta({ maxProperties: 4 }),
      mode: z.enum(["A", "B"]).optional(),
      flag: z.boolean(),
    });
    const { properties = {}, required } = structuralSchema(schema);
    const { "x-kubernetes-validations": _rules, ...size } = properties["size"] ?? {};
    assert.deepEqual(
      { ...properties, size },
      {
        when: { type: "string", format: "date-time" },
        count: { type: "integer", format: "int32", minimum: 1, maximum: 256, default: 1 },
        bytes: { type: "integer", format: "int64", minimum: 0 },
        size: { "x-kubernetes-int-or-string": true, default: "64Mi" },
        names: {
          type: "array",
          "x-kubernetes-list-type": "atomic",
          maxItems: 8,
          items: { type: "string", maxLength: 63 },
          description: "Of things.",
        },
        labels: { type: "object", maxProperties: 4, additionalProperties: { type: "string", maxLength: 63 } },
        mode: { type: "string", enum: ["A", "B"] },
        flag: { type: "boolean" },
      },
    );
    assert.deepEqual(required, ["names", "labels", "flag"]);
  });

  const refused: Record<string, [z.ZodType, RegExp]> = {
    "a text without end": [z.string(), /^Error: inner is a text without maxLength$/],
    "a list without end": [z.array(z.boolean()), /inner is a list without maxItems/],
    "a map without end": [z.record(z.string(), z.boolean()), /inner is a map without maxProperties/],
    "a union": [z.union([z.boolean(), z.strictObject({ a: z.boolean() })]), /inner is a union/],
    "a number that is not whole": [z.number(), /inner has the type "number"/],
    "an exclusive bound": [z.int().gt(0), /inner has exclusiveMinimum|inner has minimum/],
    "what no schema can say": [z.tuple([z.boolean()]), /inner/],
    "an element of a list": [z.array(z.string()).max(1), /inner\[\] is a text without maxLength/],
  };
  for (const [what, [inner, message]] of Object.entries(refused))
    test(`${what} is refused, with its place`, () => {
      assert.throws(() => structuralSchema(z.strictObject({ inner })), message);
    });
});
