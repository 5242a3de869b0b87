// The page of one kind in docs/reference: every field of its schema, with type, default, meaning and rules.
import { markdownTable } from "./markdown-table.mjs";

/** Markdown. `kind` is what names and describes it, `schema` the structural one of the whole document. */
export function referencePage({ kind, plural, shortNames, scope, description, mutable }, schema) {
  const names = [`\`${plural}\``, ...shortNames.map((name) => `\`${name}\``)].join(" or ");
  return `# ${kind}

${description}

\`kubectl get ${plural}\` lists them (${names}); ${scope === "Namespaced" ? "each lies in a namespace" : "none lies in a namespace"}.
This page is made from the schema by \`npm run generate\`; \`kubectl explain ${plural} --recursive\` says the same.

## Spec

${mutable.length === 0 ? "Nothing in it can be changed after creation." : `After creation only ${listed(mutable)} can be changed.`}

${table(schema.properties.spec, "spec", true)}
${rules(rowsOf(schema.properties.spec, "spec"))}
## Status

Written by Longshore alone.

${table(schema.properties.status, "status", false)}`;
}

const listed = (names) => names.map((name) => `\`${name}\``).join(", ");

function table(schema, path, withDefaults) {
  const rows = rowsOf(schema, path).filter((row) => row.path !== path);
  const head = withDefaults ? ["Field", "Type", "Default", "Meaning"] : ["Field", "Type", "Meaning"];
  const lines = rows.map(({ path: field, schema: own, isRequired }) => [
    `\`${field}\``,
    typeOf(own),
    ...(withDefaults ? [isRequired ? "required" : defaultOf(own)] : []),
    own.description ?? "",
  ]);
  return markdownTable(head, lines);
}

function rules(rows) {
  const said = rows.flatMap(({ path, schema }) =>
    (schema["x-kubernetes-validations"] ?? []).map(({ message }) => `- \`${path}\`: ${message}\n`),
  );
  const own = said.filter((line) => !line.endsWith("can't be changed after creation\n"));
  return own.length === 0 ? "" : `What an API server refuses, beside wrong types:\n\n${own.join("")}\n`;
}

/** Itself, and every member of it. */
function rowsOf(schema, path, isRequired = false) {
  const element = schema.items ?? schema.additionalProperties;
  // Of texts and numbers the type says all.
  const inner = element?.properties === undefined ? undefined : element;
  return [
    ...(path.endsWith("[]") ? [] : [{ path, schema, isRequired }]),
    ...Object.entries(schema.properties ?? {}).flatMap(([name, member]) =>
      rowsOf(member, `${path}.${name}`, schema.required?.includes(name) === true),
    ),
    ...(inner === undefined ? [] : rowsOf(inner, `${path}[]`)),
  ];
}

function typeOf(schema) {
  if (schema["x-kubernetes-int-or-string"]) return "quantity";
  if (schema.enum !== undefined) return schema.enum.map((value) => `\`${value}\``).join(", ");
  switch (schema.type) {
    case "array":
      return `list of ${elementType(schema.items)}, at most ${schema.maxItems}`;
    case "object":
      return schema.additionalProperties === undefined
        ? "object"
        : `map to ${elementType(schema.additionalProperties)}, at most ${schema.maxProperties}`;
    case "string":
      return schema.format === "date-time" ? "time" : `text, at most ${schema.maxLength}`;
    case "integer":
      return integerType(schema);
    default:
      return schema.type;
  }
}

function elementType(element) {
  if (element["x-kubernetes-int-or-string"]) return "quantities";
  return { object: "objects", string: "texts", integer: "integers" }[element.type];
}

function integerType({ minimum, maximum }) {
  if (maximum !== undefined && maximum < 2 ** 31 - 1) return `integer, ${minimum ?? ""} to ${maximum}`;
  return minimum === undefined ? "integer" : `integer from ${minimum} on`;
}

function defaultOf({ default: value }) {
  if (value === undefined) return "";
  const isEmpty = typeof value === "object" && Object.keys(value).length === 0;
  return isEmpty ? "" : `\`${typeof value === "string" ? value : JSON.stringify(value)}\``;
}
