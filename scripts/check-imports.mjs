// Holds the imports to the table in .dependency-cruiser.mjs, and fails when a file was not read: with
// TypeScript 7 and no parser of its own, dependency-cruiser reads nothing and reports success.
import { existsSync, globSync } from "node:fs";
import { join } from "node:path";
import { Visitor } from "@swc/core/Visitor.js";
import { cruise } from "dependency-cruiser";
import configuration from "../.dependency-cruiser.mjs";

// swc parses `using` but its visitor, which dependency-cruiser extends, throws on it.
// oxlint-disable-next-line typescript/unbound-method -- called below with the visitor it belongs to
const visitStatement = Visitor.prototype.visitStatement;
Visitor.prototype.visitStatement = function (statement) {
  if (statement.type !== "UsingDeclaration") return visitStatement.call(this, statement);
  this.visitVariableDeclarators(statement.decls);
  return statement;
};

const root = join(import.meta.dirname, "..");
process.chdir(root);
const folders = ["src", "test", "bench"].filter((folder) => existsSync(folder));
const { forbidden, options } = configuration;
const { output } = await cruise(
  folders,
  { ...options, validate: true, ruleSet: { forbidden, options } },
  options.enhancedResolveOptions,
);

const { violations, error } = output.summary;
for (const { from, to, rule, cycle } of violations) {
  const path = cycle === undefined ? to : cycle.map(({ name }) => name).join(" → ");
  const { comment } = forbidden.find(({ name }) => name === rule.name);
  console.error(`${from} → ${path}: ${comment} (${rule.name})`);
}

const files = globSync("src/**/*.{ts,tsx}");
const read = new Set(output.modules.map(({ source }) => source));
const unread = files.filter((file) => !read.has(file));
const imports = output.modules.flatMap(({ source, dependencies }) =>
  source.startsWith("src/") ? dependencies : [],
);
if (files.length === 0 || imports.length === 0 || unread.length > 0) {
  console.error(
    `check-imports read ${files.length - unread.length} of ${files.length} files in src and ${imports.length} imports; ` +
      `is @swc/core installed? ${unread.slice(0, 5).join(" ")}`,
  );
  process.exitCode = 1;
} else if (error > 0 || violations.length > 0) {
  console.error(`${violations.length} forbidden imports`);
  process.exitCode = 1;
} else {
  console.log(`imports: ${files.length} files of src, ${imports.length} imports, none forbidden`);
}
