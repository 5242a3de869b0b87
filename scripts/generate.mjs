// Writes what is made from the code: the JSON Schemas of an export's documents, the CustomResourceDefinitions, the reference
// of their fields and of all errors. With --check it writes nothing and fails where a file is not what the code says.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { customKinds } from "../src/cluster/manifests/custom-kinds.ts";
import { customResource, documentSchema } from "../src/cluster/manifests/custom-resource.ts";
import { toYaml } from "../src/cluster/manifests/to-yaml.ts";
import { IndexPageTable, Manifest, Statement } from "../src/domain/manifest.ts";
import { Plan } from "../src/domain/plan.ts";
import { Receipt } from "../src/domain/receipt.ts";
import { errorsPage } from "./errors-page.mjs";
import { referencePage } from "./reference-page.mjs";

const root = join(import.meta.dirname, "..");
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

/** Folders that hold nothing but what is made here: the texts of their files, by name. */
const folders = {
  "docs/schemas": new Map(Object.entries(documents).map(([name, document]) => schemaFile(name, document))),
  "charts/longshore/crds": new Map(customKinds.map(definitionFile)),
  "docs/reference": new Map([...customKinds.map(referenceFile), ["errors.md", errorsPage]]),
};

const isCheck = process.argv.includes("--check");
const stale = Object.entries(folders).flatMap(([folder, files]) => settle(folder, files));
if (stale.length > 0) {
  console.error(`${stale.join(", ")}: not what the code says, run \`npm run generate\``);
  process.exitCode = 1;
}

/** The files that are not what they should be, after what could be done about it. */
function settle(folder, files) {
  mkdirSync(join(root, folder), { recursive: true });
  const unknown = readdirSync(join(root, folder)).filter((name) => !files.has(name));
  const different = [...files].filter(([name, text]) => {
    const file = join(root, folder, name);
    if (existsSync(file) && readFileSync(file, "utf8") === text) return false;
    if (!isCheck) writeFileSync(file, text);
    return isCheck;
  });
  return [...unknown, ...different.map(([name]) => name)].map((name) => `${folder}/${name}`);
}

function schemaFile(name, document) {
  const file = `${name}.schema.json`;
  return [file, formatted(file, schemaOf(file, document))];
}

function referenceFile(kind) {
  return [`${kind.singular}.md`, referencePage(kind, documentSchema(kind))];
}

function definitionFile(kind) {
  return [
    `${kind.plural}.yaml`,
    `# Made by \`npm run generate\` from src/domain/resources.\n${toYaml([customResource(kind)])}`,
  ];
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
    [`--stdin-filepath=docs/schemas/${name}`],
    { cwd: root, input: JSON.stringify(schema, undefined, 2), encoding: "utf8" },
  );
  if (status !== 0) throw new Error(`oxfmt failed on ${name}: ${stderr}`);
  return stdout;
}
