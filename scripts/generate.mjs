// Writes what is made from the code: the JSON Schemas of an export's documents. With --check it writes nothing and
// fails where a file is not what the code says.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { IndexPageTable, Manifest, Statement } from "../src/domain/manifest.ts";
import { Plan } from "../src/domain/plan.ts";
import { Receipt } from "../src/domain/receipt.ts";

const root = join(import.meta.dirname, "..");
const folder = "docs/schemas";
/** A name, not an address: nothing has to be fetched from it. */
const base = "https://longshore.dev/schemas/export/v1/";

const documents = {
  manifest: { schema: Manifest, title: "manifest.json of a Longshore export, format version 1" },
  receipt: { schema: Receipt, title: "receipts/<n>.json of a Longshore export, format version 1" },
  plan: { schema: Plan, title: "plan.json of a Longshore export, format version 1" },
  "index-pages": {
    schema: IndexPageTable,
    title: "index.pages.json of a Longshore export, format version 1",
  },
  statement: { schema: Statement, title: "statement.json of a Longshore export, format version 1" },
};

const isCheck = process.argv.includes("--check");
mkdirSync(join(root, folder), { recursive: true });
const wanted = new Map(Object.entries(documents).map(([name, document]) => [fileName(name), document]));
const stale = readdirSync(join(root, folder)).filter((name) => !wanted.has(name));
for (const [name, document] of wanted) {
  const file = join(root, folder, name);
  const text = formatted(name, schemaOf(name, document));
  if (existsSync(file) && readFileSync(file, "utf8") === text) continue;
  if (isCheck) stale.push(name);
  else writeFileSync(file, text);
}
if (stale.length > 0) {
  console.error(`${stale.join(", ")} in ${folder}: not what the code says, run \`npm run generate\``);
  process.exitCode = 1;
}

function fileName(name) {
  return `${name}.schema.json`;
}

function schemaOf(name, { schema, title }) {
  const { $schema, ...rest } = z.toJSONSchema(schema, { target: "draft-2020-12", override: readable });
  return { $schema, $id: base + name, title, ...rest };
}

/** The format says it; zod's pattern of the same is four lines that nobody can read. */
function readable({ jsonSchema }) {
  if (jsonSchema.format === "date-time") delete jsonSchema.pattern;
}

/** As `npm run format` would write it, so that the two never disagree. */
function formatted(name, schema) {
  const { status, stdout, stderr } = spawnSync(
    join(root, "node_modules/.bin/oxfmt"),
    [`--stdin-filepath=${folder}/${name}`],
    { cwd: root, input: JSON.stringify(schema, undefined, 2), encoding: "utf8" },
  );
  if (status !== 0) throw new Error(`oxfmt failed on ${name}: ${stderr}`);
  return stdout;
}
