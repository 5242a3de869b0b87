/** The OpenAPI document as a page for people: made here, without scripts, and without anything from elsewhere. */
import { createHash } from "node:crypto";
import { type Html, joined, markup } from "./html.ts";
import type { JsonSchema } from "./json-schema.ts";
import type { OpenApiDocument, OpenApiOperation, OpenApiParameter } from "./types.ts";

const style = `
:root { color-scheme: light dark; --line: #8886; --soft: #8882; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 0 auto; padding: 1rem; }
h1 { margin-bottom: 0; } h2 { margin-top: 2.5rem; border-bottom: 1px solid var(--line); }
section { margin: 1.5rem 0; } h3 { margin: 0; font-size: 1rem; }
code, pre { font: 0.9em/1.5 ui-monospace, monospace; } pre { background: var(--soft); padding: 0.75rem; overflow-x: auto; }
.method { display: inline-block; min-width: 4.5rem; font-weight: 700; }
table { border-collapse: collapse; width: 100%; } td, th { text-align: left; vertical-align: top; padding: 0.2rem 0.75rem 0.2rem 0; }
td { border-top: 1px solid var(--line); } details { margin: 0.5rem 0; } p { margin: 0.25rem 0; }
nav a { margin-right: 1rem; }
`;

/** Nothing may be loaded, run, framed or sent; only this one style applies. */
export const pagePolicy = [
  "default-src 'none'",
  `style-src 'sha256-${createHash("sha256").update(style).digest("base64")}'`,
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

export function apiPage(document: OpenApiDocument): string {
  const { info, servers, tags } = document;
  const url = servers[0]?.url ?? "";
  const page = markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${info.title} API</title>
<style>${styleText}</style>
</head>
<body>
<h1>${info.title}</h1>
<p>${info.description} Version ${info.version}; as a program reads it: <a href="/openapi.json">openapi.json</a>.</p>
<nav>${joined(tags.map(({ name }) => markup`<a href="#${anchor(name)}">${name}</a>`))}</nav>
<h2>With curl</h2>
<p>A token goes into a file, which keeps it out of the arguments that other users of the machine can see.</p>
<pre>${curlUsage(url)}</pre>
${joined(tags.map(({ name }) => tagSection(document, name)))}
<h2>Schemas</h2>
${joined(Object.entries(document.components.schemas).map(([name, schema]) => schemaSection(name, schema)))}
</body>
</html>
`;
  return page.text;
}

/** Ours, and exactly what the policy's digest is of. */
const styleText: Html = { text: style };

const curlUsage = (
  url: string,
): string => `(umask 077 && printf 'Authorization: Bearer %s' "$TOKEN" > authorization)
curl -fsS -H @authorization ${url}/api/v1/whoami
curl -fsS -H @authorization ${url}/api/v1/namespaces/default/exports

# ask for an export, follow it, hand it over
curl -fsS -H @authorization -H 'Content-Type: application/json' -H 'Idempotency-Key: order-4711' \\
  -d '{"metadata":{"name":"reports"},"spec":{"source":{"directory":{"path":"/srv/reports"}},
       "destination":{"directory":{"path":"/srv/handover"}}}}' \\
  ${url}/api/v1/namespaces/default/exports
curl -sN -H @authorization ${url}/api/v1/namespaces/default/exports/reports/events
curl -fsS -H @authorization -H 'Content-Type: application/json' -d '{"expiresInSeconds":86400}' \\
  ${url}/api/v1/namespaces/default/exports/reports/grants

# download with the grant's url; repeat it after a cut, it goes on where it stopped
curl -C - -O "$URL"`;

const anchor = (name: string): string => name.toLowerCase().replaceAll(/[^a-z0-9]+/g, "-");

function tagSection({ paths }: OpenApiDocument, tag: string): Html {
  const sections = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods)
      .filter(([, { tags }]) => tags.includes(tag))
      .map(([method, operation]) => operationSection(method.toUpperCase(), path, operation)),
  );
  return markup`<h2 id="${anchor(tag)}">${tag}</h2>${joined(sections)}`;
}

function operationSection(method: string, path: string, operation: OpenApiOperation): Html {
  const { operationId, summary, description = "", parameters, requestBody, responses } = operation;
  const body = Object.entries(requestBody?.content ?? {}).map(
    ([type, { schema }]) => markup`<p>Body: <code>${type}</code> ${schemaLink(schema)}</p>`,
  );
  const answers = Object.entries(responses).map(([status, response]) => {
    const schemas = Object.values(response.content ?? {}).map(({ schema }) => schemaLink(schema));
    return markup`<tr><td><code>${status}</code></td><td>${response.description} ${joined(schemas)}</td></tr>`;
  });
  return markup`<section id="operation-${anchor(operationId)}">
<h3><code><span class="method">${method}</span>${path}</code></h3>
<p>${summary}. ${description}</p>
${joined(body)}
<details><summary>Parameters and answers</summary>
<table>${joined(parameters.map(parameterRow))}${joined(answers)}</table>
</details>
</section>`;
}

function parameterRow({ name, in: place, description = "", schema }: OpenApiParameter): Html {
  const shape = JSON.stringify(schema);
  return markup`<tr><td><code>${name}</code> (${place})</td><td>${description} <code>${shape}</code></td></tr>`;
}

function schemaLink(schema: JsonSchema): Html {
  const name = /^#\/components\/schemas\/(\w+)$/.exec(String(schema["$ref"]))?.[1];
  return name === undefined ? markup`` : markup`<a href="#schema-${anchor(name)}">${name}</a>`;
}

function schemaSection(name: string, schema: JsonSchema): Html {
  const text = JSON.stringify(schema, undefined, 2);
  return markup`<details id="schema-${anchor(name)}"><summary>${name}</summary><pre>${text}</pre></details>`;
}
