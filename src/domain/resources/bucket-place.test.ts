import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ExportDestinationSpec } from "./export-destination.ts";
import { ExportSpec } from "./export.ts";

/** What is wrong with a document: where it stands and what is said, or "nothing". */
function faultOf(schema: typeof ExportSpec | typeof ExportDestinationSpec, spec: object): string {
  const { error } = schema.safeParse(spec);
  if (error === undefined) return "nothing";
  return error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`).join("; ");
}

const exportSpec = (given: object): object => ({
  source: { bucket: { url: "s3://lake/events" } },
  destination: { bucket: { url: "gs://handover/2026" } },
  ...given,
});

describe("a bucket in a spec", () => {
  const urls: Record<string, RegExp> = {
    "s3://lake/events?endpoint=https://store.example&region=eu-west-1": /^nothing$/,
    "az://lake?account=example": /^nothing$/,
    "gs://lake/a%20b/": /^nothing$/,
    "": /Too small/,
    "/srv/lake": /must begin with s3:\/\/, az:\/\/ or gs:\/\/$/,
    "https://lake.example/events": /must begin with s3/,
    "s3://": /names no bucket/,
    "s3://lake/../other": /has a \. or \.\. in its prefix/,
    "s3://lake/events?regoin=x": /has no parameter regoin: it may have .*region/,
    "s3://AKIAEXAMPLE:hunter2@lake/events":
      /carries a user or a key before its bucket: credentials come from/,
    "s3://lake/events?secretAccessKey=hunter2": /has no parameter secretAccessKey: credentials come from/,
    "s3://lake/events?endpoint=https://me:hunter2@store.example":
      /endpoint of the s3:\/\/ location carries credentials/,
    [`s3://lake/${"x".repeat(5000)}`]: /Too big/,
  };
  for (const [url, expected] of Object.entries(urls))
    test(`${url.slice(0, 70)} says ${String(expected)}, where it stands and nothing secret`, () => {
      for (const [where, schema, spec] of [
        ["source.bucket.url", ExportSpec, exportSpec({ source: { bucket: { url } } })],
        ["destination.bucket.url", ExportSpec, exportSpec({ destination: { bucket: { url } } })],
        ["bucket.url", ExportDestinationSpec, { bucket: { url } }],
      ] as const) {
        const fault = faultOf(schema, spec);
        assert.match(fault, expected);
        assert.ok(fault === "nothing" || fault.startsWith(`${where}: `), fault);
        assert.ok(!fault.includes("hunter2"), fault);
      }
    });

  test("is one of the places that a spec may name, and never beside another", () => {
    const [bucket, directory] = [{ url: "s3://lake" }, { path: "/srv" }];
    assert.match(
      faultOf(ExportSpec, exportSpec({ source: { bucket, directory } })),
      /exactly one of directory, bucket/,
    );
    assert.match(
      faultOf(ExportSpec, exportSpec({ destination: { bucket, name: "outbox" } })),
      /exactly one of name, directory, bucket/,
    );
    assert.match(faultOf(ExportDestinationSpec, {}), /exactly one of directory, bucket/);
    assert.match(faultOf(ExportDestinationSpec, { bucket: { ...bucket, key: "x" } }), /Unrecognized key/);
  });
});
