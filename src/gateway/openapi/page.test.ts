import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { testGateway } from "../../../test/fixtures/gateway.ts";
import { markup } from "./html.ts";

test("the page has every operation, and its policy lets in nothing but its own style", async () => {
  await using gateway = await testGateway();
  const { status, text, headers } = await gateway.call("GET", "/", undefined, { authorization: "" });
  assert.equal(status, 200);
  assert.equal(headers["content-type"], "text/html; charset=utf-8");
  const style = /<style>([^]*?)<\/style>/.exec(text)?.[1] ?? "";
  const digest = createHash("sha256").update(style).digest("base64");
  const policy = String(headers["content-security-policy"]);
  assert.equal(
    policy,
    `default-src 'none'; style-src 'sha256-${digest}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
  );
  assert.doesNotMatch(text, /<script|<link|<img|<iframe|\son\w+=|\sstyle=|@import|url\(/i);
  const { body } = await gateway.call("GET", "/openapi.json");
  for (const [path, methods] of Object.entries(body.paths as Record<string, object>))
    for (const method of Object.keys(methods))
      assert.ok(text.includes(`${method.toUpperCase()}</span>${path}`), path);
  for (const name of Object.keys(body.components.schemas))
    assert.ok(text.includes(`<summary>${name}</summary>`), name);
  const ids = [...text.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id);
  assert.equal(new Set(ids).size, ids.length, "an id is there twice");
  for (const [, target] of text.matchAll(/href="#([^"]+)"/g)) assert.ok(ids.includes(target ?? ""), target);
});

test("what is put into a page can't become markup", () => {
  const { text } = markup`<p title="${`"'<&`}">${"<script>"}</p>`;
  assert.equal(text, '<p title="&#34;&#39;&#60;&#38;">&#60;script&#62;</p>');
  assert.equal(markup`${markup`<b>${"<"}</b>`}`.text, "<b>&#60;</b>");
});
