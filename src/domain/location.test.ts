import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import {
  baseNameOf,
  type BucketLocation,
  formatBucketLocation,
  isWithin,
  joinLocation,
  parseBucketLocation,
  schemeOf,
} from "./location.ts";

const parsed = (text: string): BucketLocation =>
  parseBucketLocation(text) ?? assert.fail(`${text} is no bucket`);

describe("a location of an object store", () => {
  const table: [text: string, expected: BucketLocation][] = [
    ["s3://b1b", { scheme: "s3", bucket: "b1b", prefix: "", parameters: {} }],
    ["s3://b1b/", { scheme: "s3", bucket: "b1b", prefix: "", parameters: {} }],
    ["S3://b1b/a/b/", { scheme: "s3", bucket: "b1b", prefix: "a/b/", parameters: {} }],
    ["s3://b1b/a%3Fb%25 c\u00fc", { scheme: "s3", bucket: "b1b", prefix: "a?b% c\u00fc", parameters: {} }],
    [
      "s3://b1b/x?region=eu-west-1&endpoint=http://127.0.0.1:80/s3&forcePathStyle=true",
      {
        scheme: "s3",
        bucket: "b1b",
        prefix: "x",
        parameters: { endpoint: "http://127.0.0.1:80/s3", forcePathStyle: "true", region: "eu-west-1" },
      },
    ],
    [
      "az://box/x?account=me&endpoint=https%3A%2F%2Fme.blob.example",
      {
        scheme: "az",
        bucket: "box",
        prefix: "x",
        parameters: { account: "me", endpoint: "https://me.blob.example" },
      },
    ],
    [
      "gs://box/x?delivery=relay",
      { scheme: "gs", bucket: "box", prefix: "x", parameters: { delivery: "relay" } },
    ],
    ["gs://box/x", { scheme: "gs", bucket: "box", prefix: "x", parameters: {} }],
  ];
  for (const [text, expected] of table)
    test(`is understood: ${text}`, () => {
      assert.deepEqual(parsed(text), expected);
      assert.deepEqual(parsed(formatBucketLocation(expected)), expected);
    });

  test("is none where there is a path, or another scheme", () => {
    for (const text of ["/a/b", "a?b", "file:///a", "https://x/y", "s3:/a", "", "postgres://x"])
      assert.equal(parseBucketLocation(text), undefined, text);
    assert.deepEqual(["/a", "file:///a", "GS://x"].map(schemeOf), [undefined, "file", "gs"]);
  });

  const refused: [text: string, message: RegExp][] = [
    ["s3://", /names no bucket/],
    ["s3:///a", /names no bucket/],
    ["az://", /names no container/],
    ["s3://a b/c", /no valid bucket/],
    ["s3://bucket/a?regoin=x", /no parameter regoin/],
    ["s3://bucket/a?account=x", /no parameter account/],
    ["s3://bucket/a?constructor=x", /no parameter constructor/],
    ["s3://bucket/a?forcePathStyle=yes", /forcePathStyle.*neither true nor false/],
    ["s3://bucket/a?delivery=post", /delivery.*none of redirect, relay/],
    ["s3://bucket/a?endpoint=ftp://x", /endpoint/],
    ["s3://bucket/a?endpoint=x", /endpoint/],
    ["s3://bucket/a?endpoint=https://x/?y", /endpoint.*query/],
    ["s3://bucket/a?region=a&region=b", /says region twice/],
    ["s3://bucket/a#b", /#/],
    ["s3://bucket/a%", /%/],
    ["s3://bucket/a%ff", /%/],
    ["s3://bucket/a/../b", /\.\./],
    ["s3://bucket/..", /\.\./],
    ["s3://bucket/a//b", /empty name/],
    ["s3://bucket/a%00", /zero byte/],
  ];
  for (const [text, message] of refused)
    test(`is refused: ${text}`, () =>
      assert.throws(() => parseBucketLocation(text), { code: "InvalidArgument", message }));

  test("never takes a secret, and never says it again", () => {
    const secret = "wJalrXUtnFEMI";
    for (const text of [
      `s3://AKIA:${secret}@bucket/a`,
      `s3://bucket/a?secretAccessKey=${secret}`,
      `s3://bucket/a?accessKeyId=${secret}`,
      `s3://bucket/a?sessionToken=${secret}`,
      `az://box/a?sas=${secret}`,
      `az://box/a?accountKey=${secret}`,
      `s3://bucket/a?endpoint=https://me:${secret}@store.example`,
      `s3://bucket/a?forcePathStyle=${secret}`,
      `s3://bucket/a?region=${secret} ${secret}`,
    ])
      assert.throws(
        () => parseBucketLocation(text),
        (error: Error & { hint?: string }) =>
          !`${error.message} ${error.hint ?? ""} ${error.stack ?? ""}`.includes(secret),
        text,
      );
  });
});

describe("joining a name", () => {
  test("puts it behind the path and before the query", () => {
    assert.equal(joinLocation("/a/b", "c"), "/a/b/c");
    assert.equal(joinLocation("/a/b/", "c"), "/a/b/c");
    assert.equal(joinLocation("/", "c"), "/c");
    assert.equal(joinLocation("s3://bucket", "c"), "s3://bucket/c");
    assert.equal(joinLocation("s3://bucket/a/?region=x", "c"), "s3://bucket/a/c?region=x");
    assert.equal(joinLocation("s3://bucket/a?region=x", "50% c?"), "s3://bucket/a/50%25%20c%3F?region=x");
  });

  test("gives a place in what it was joined to, whatever the name", () => {
    const name = fc.string({ unit: "grapheme", minLength: 1, maxLength: 40 }).filter((text) => isName(text));
    fc.assert(
      fc.property(name, name, (a, b) => {
        for (const base of ["s3://bucket?region=x", `s3://bucket/p?region=x`]) {
          const inner = joinLocation(joinLocation(base, a), b);
          assert.ok(parsed(inner).prefix.endsWith(`${a}/${b}`));
          assert.equal(formatBucketLocation(parsed(inner)), inner);
          assert.equal(baseNameOf(parsed(inner)), b);
          assert.ok(isWithin(inner, base));
          assert.ok(isWithin(inner, joinLocation(base, a)));
          assert.ok(!isWithin(base, inner));
        }
      }),
    );
  });
});

function isName(text: string): boolean {
  return !/[/\0]/.test(text) && text !== "." && text !== ".." && text.isWellFormed();
}

describe("lying within", () => {
  const table: [inner: string, outer: string, expected: boolean][] = [
    ["/a/b", "/a", true],
    ["/a", "/a", true],
    ["/ab", "/a", false],
    ["/a", "/", true],
    ["s3://bucket/a/b?region=x", "s3://bucket/a?region=y", true],
    ["s3://bucket/a", "s3://bucket/a/", true],
    ["s3://bucket/ab", "s3://bucket/a", false],
    ["s3://bucket/a", "s3://bucket", true],
    ["s3://bucket/a", "s3://other", false],
    ["s3://bucket/a?endpoint=http://x", "s3://bucket", false],
    ["gs://bucket/a", "s3://bucket", false],
    ["/a", "s3://bucket", false],
  ];
  for (const [inner, outer, expected] of table)
    test(`${inner} in ${outer}: ${expected}`, () => assert.equal(isWithin(inner, outer), expected));
});
