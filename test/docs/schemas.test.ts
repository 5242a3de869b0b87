/** The JSON Schemas that are shipped are those of the code, and real exports fit them. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { execPath } from "node:process";
import { suite, test } from "node:test";
import { z } from "zod";
import { expectExit, run, temporaryFolder } from "../fixtures/run.ts";
import { documentsOf, exportEverything } from "./everything.ts";

const root = join(import.meta.dirname, "../..");

suite("docs/schemas", () => {
  test("is what `npm run generate` writes", async () => {
    expectExit(await run(execPath, [join(root, "scripts/generate.mjs"), "--check"]), 0);
  });

  test("takes the documents of real exports, and no others", async () => {
    await using work = temporaryFolder();
    for (const location of await exportEverything(work.path)) {
      for (const { schema, document } of documentsOf(location)) {
        const fits = z.fromJSONSchema(schemaOf(schema));
        fits.parse(document);
        assert.equal(fits.safeParse({ ...document, formatVersion: 2 }).success, false, schema);
        assert.equal(fits.safeParse({ ...document, unheardOf: true }).success, false, schema);
      }
    }
  });
});

function schemaOf(name: string): z.core.JSONSchema.JSONSchema {
  const file = join(root, "docs/schemas", `${name}.schema.json`);
  return JSON.parse(readFileSync(file, "utf8")) as z.core.JSONSchema.JSONSchema;
}
