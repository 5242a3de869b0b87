import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { byteStringOf, byteStringOfText } from "../domain/byte-string.ts";
import { encodePath, routePath, routes } from "./routes.ts";

test("parameters are filled in, and encoded", () => {
  assert.equal(routePath("whoami", {}), "/api/v1/whoami");
  assert.equal(
    routePath("exportGrant", { namespace: "team-a", name: "q1.2026", grant: "a b/ü" }),
    "/api/v1/namespaces/team-a/exports/q1.2026/grants/a%20b%2F%C3%BC",
  );
  const path = byteStringOfText("2026/ü ber/%2e.csv");
  assert.equal(
    routePath("downloadEntry", { namespace: "n", name: "x", path }),
    "/d/n/x/files/2026/%C3%BC%20ber/%252e.csv",
  );
});

test("every name and every path of bytes comes out of a URL as it went in", () => {
  const bytes = fc.uint8Array({ minLength: 1, maxLength: 40 }).map(byteStringOf);
  fc.assert(
    fc.property(bytes, (path) => {
      const parts = path.replace(/\/$/, "").split("/");
      if (parts.some((part) => part === "" || part === "." || part === "..")) {
        assert.throws(() => encodePath(path), { code: "InvalidArgument" });
        return;
      }
      const url = new URL(`http://host/d/n/x/files/${encodePath(path)}?grant=x`);
      const encoded = url.pathname.replace("/d/n/x/files/", "");
      assert.equal(Buffer.from(unescape(encoded), "latin1").toString("latin1"), path);
      assert.equal(url.search, "?grant=x");
    }),
  );
  fc.assert(
    fc.property(fc.string({ unit: "binary", minLength: 1 }), (name) => {
      if (name === "." || name === "..") return;
      const { pathname } = new URL(`http://host${routePath("token", { name })}`);
      assert.equal(decodeURIComponent(pathname.replace("/api/v1/tokens/", "")), name);
    }),
  );
});

test("every template is a path with parameters of its own", () => {
  const templates = Object.values(routes);
  assert.equal(new Set(templates).size, templates.length);
  for (const template of templates) assert.match(template, /^\/(?:api\/v1|d)(?:\/(?:[a-z]+|\{[a-z]+\}))+$/);
});
