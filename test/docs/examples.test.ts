/** The documents of ours in examples/ are what our own schemas take, and say nothing that a cluster would not hear. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { suite, test } from "node:test";
import { parseAllDocuments } from "yaml";
import { apiGroup, apiVersion, kinds } from "../../src/domain/resources/resource.ts";

const folder = resolve(import.meta.dirname, "../../examples");

interface Example {
  readonly apiVersion: string;
  readonly kind: keyof typeof kinds;
  readonly metadata: { readonly namespace?: string };
  readonly spec: unknown;
}

suite("examples", () => {
  const seen = new Set<string>();
  for (const name of readdirSync(folder))
    test(name, () => {
      for (const one of parseAllDocuments(readFileSync(join(folder, name), "utf8"))) {
        assert.deepEqual(one.errors, []);
        const example = one.toJS() as Example;
        assert.equal(
          example.metadata.namespace,
          undefined,
          "an example lies in whatever namespace is asked for",
        );
        if (!example.apiVersion.startsWith(`${apiGroup}/`)) continue;
        assert.equal(example.apiVersion, apiVersion);
        kinds[example.kind].spec.parse(example.spec);
        seen.add(example.kind);
      }
    });

  test("have every kind", () => {
    assert.deepEqual([...seen].toSorted(), Object.keys(kinds).toSorted());
  });
});
