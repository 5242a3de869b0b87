import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { LongshoreError } from "../domain/errors.ts";
import { type BucketLocation, formatBucketLocation, parseBucketLocation } from "../domain/location.ts";
import type { Place } from "../domain/ports/places.ts";
import { bucketPlace, bucketSourcePlace } from "./bucket-places.ts";

function bucket(text: string): BucketLocation {
  return parseBucketLocation(text) ?? assert.fail(`${text} is no bucket`);
}

const how = "caBundle=/etc/ca.pem&endpoint=https://store.example:8443&region=eu-west-1&storageClass=STANDARD";
const allowed = [
  `s3://handover/a/b?${how}`,
  "s3://handover/a/b/inner?endpoint=https://inner.example",
  "s3://whole?profile=whole",
  "s3://folder/x/?profile=folder",
  "az://handover/a/b?account=ours",
].map(bucket);

/** What a location becomes: what is seen, and how it is reached; or the code of the refusal. */
function told(location: string, find: (asked: BucketLocation) => Place): string {
  try {
    const { location: seen, reached } = find(bucket(location));
    return `${seen} by ${reached}`;
  } catch (error) {
    assert.ok(error instanceof LongshoreError, String(error));
    return error.code;
  }
}

const asDestination = (location: string): string => told(location, (asked) => bucketPlace(asked, allowed));
const asSource = (location: string): string => told(location, (asked) => bucketSourcePlace(asked, allowed));

describe("a tenant's URL", () => {
  const outcomes: Record<string, string> = {
    "s3://handover/a/b": `s3://handover/a/b by s3://handover/a/b?${how}`,
    "s3://handover/a/b/c/d": `s3://handover/a/b/c/d by s3://handover/a/b/c/d?${how}`,
    "s3://handover/a/b/inner/x":
      "s3://handover/a/b/inner/x by s3://handover/a/b/inner/x?endpoint=https://inner.example",
    "s3://handover/a/b/innermost": `s3://handover/a/b/innermost by s3://handover/a/b/innermost?${how}`,
    "s3://handover/a/%62": `s3://handover/a/b by s3://handover/a/b?${how}`,
    "s3://handover/a%2Fb%2Fc": `s3://handover/a/b/c by s3://handover/a/b/c?${how}`,
    "s3://handover/a/bc": "PlaceNotAllowed",
    "s3://handover/a": "PlaceNotAllowed",
    "s3://handover": "PlaceNotAllowed",
    "s3://handover/A/b": "PlaceNotAllowed",
    "s3://handover2/a/b": "PlaceNotAllowed",
    "s3://Handover/a/b": "PlaceNotAllowed",
    "gs://handover/a/b": "PlaceNotAllowed",
    "az://handover/a/b": "az://handover/a/b by az://handover/a/b?account=ours",
    "az://handover/a/b?account=theirs": "PlaceNotAllowed",
    "s3://whole": "s3://whole by s3://whole?profile=whole",
    "s3://whole/any/thing": "s3://whole/any/thing by s3://whole/any/thing?profile=whole",
    "s3://handover/a/b/..": "InvalidArgument",
    "s3://handover/a/b/../c": "InvalidArgument",
    "s3://handover/a/b/%2e%2e/c": "InvalidArgument",
    "s3://handover/a/b/%2E%2e%2Fc": "InvalidArgument",
    "s3://handover/a/b//c": "InvalidArgument",
    "s3://handover/a/b/%2f/c": "InvalidArgument",
    "s3://handover/a/b/%00": "InvalidArgument",
    "s3://user:secret@handover/a/b": "InvalidArgument",
    "s3://handover@evil.example/a/b": "InvalidArgument",
    // Another name for a key's own "%": nothing is decoded twice.
    "s3://handover/a/b/%252e%252e/c": `s3://handover/a/b/%252e%252e/c by s3://handover/a/b/%252e%252e/c?${how}`,
  };
  for (const [location, expected] of Object.entries(outcomes))
    test(`${location} is ${expected}`, () => assert.equal(asDestination(location), expected));

  const parameters: Record<string, string> = {
    "endpoint=https://evil.example": "PlaceNotAllowed",
    "endpoint=https://store.example:8443": `s3://handover/a/b by s3://handover/a/b?${how}`,
    "endpoint=https://store.example:8443/": "PlaceNotAllowed",
    "region=eu-west-1&caBundle=/etc/ca.pem": `s3://handover/a/b by s3://handover/a/b?${how}`,
    "region=us-east-1": "PlaceNotAllowed",
    "caBundle=/etc/shadow": "PlaceNotAllowed",
    "profile=admin": "PlaceNotAllowed",
    "anonymous=true": "PlaceNotAllowed",
    "forcePathStyle=true": "PlaceNotAllowed",
    "publicEndpoint=https://evil.example": "PlaceNotAllowed",
    "sse=AES256": "PlaceNotAllowed",
    "sseKmsKeyId=theirs": "PlaceNotAllowed",
    "checksums=none": "PlaceNotAllowed",
    "tags=team%3Da": `s3://handover/a/b?tags=team%3Da by s3://handover/a/b?${how}&tags=team%3Da`,
    "storageClass=GLACIER": `s3://handover/a/b?storageClass=GLACIER by s3://handover/a/b?${how.replace("STANDARD", "GLACIER")}`,
    "tags=a%3Db&endpoint=https://evil.example": "PlaceNotAllowed",
    // A name of JavaScript's own objects.
    "__proto__=x": "InvalidArgument",
    "constructor=x": "InvalidArgument",
    "secretKey=x": "InvalidArgument",
  };
  for (const [query, expected] of Object.entries(parameters))
    test(`with ${query} is ${expected}`, () => {
      assert.equal(asDestination(`s3://handover/a/b?${query}`), expected);
      assert.equal(asSource(`s3://handover/a/b?${query}`), expected);
    });

  test("of a source never means an object beside the folder that is allowed", () => {
    assert.equal(asSource("s3://folder/x"), "s3://folder/x/ by s3://folder/x/?profile=folder");
    assert.equal(asSource("s3://folder/x/y"), "s3://folder/x/y by s3://folder/x/y?profile=folder");
    assert.equal(asSource("s3://folder/xy"), "PlaceNotAllowed");
  });

  test("is told why it is refused, without the value that may be a secret", () => {
    assert.throws(() => bucketPlace(bucket("s3://handover/a/b?profile=hunter2"), allowed), {
      message: "s3://handover/a/b may be used, but its profile is not the URL's to say",
      hint: "leave the parameter out: how a store is reached is said by whoever runs the server",
    });
    assert.throws(() => bucketPlace(bucket("s3://other/a?profile=hunter2"), allowed), {
      message: "s3://other/a is no place that may be used",
    });
  });

  test("means the same place when what is seen of it is given again", () => {
    for (const given of [
      "s3://handover/a/b/c?tags=a%3Db&region=eu-west-1",
      "s3://folder/x",
      "s3://whole/%25",
    ])
      for (const find of [bucketPlace, bucketSourcePlace]) {
        const place = find(bucket(given), allowed);
        assert.deepEqual(find(bucket(place.location), allowed), place);
      }
  });

  test("follows the operator's parameters when they change", () => {
    const { location } = bucketPlace(bucket("s3://handover/a/b/c?region=eu-west-1"), allowed);
    const moved = [bucket("s3://handover/a?endpoint=https://moved.example")];
    assert.equal(
      bucketPlace(bucket(location), moved).reached,
      "s3://handover/a/b/c?endpoint=https://moved.example",
    );
  });
});

describe("whatever URL a tenant gives", () => {
  const piece = fc.constantFrom(
    "a",
    "b",
    "bc",
    "inner",
    "x",
    "..",
    ".",
    "%2e%2e",
    "%2E",
    "%2f",
    "%252e",
    "%00",
    "",
    " ",
    "\u00fc",
    "\\",
    "#",
    "?",
  );
  const parameter = fc.constantFrom(
    "endpoint=https://evil.example",
    "endpoint=https://store.example:8443",
    "region=eu-west-1",
    "region=x",
    "profile=x",
    "caBundle=/etc/shadow",
    "anonymous=true",
    "tags=a%3Db",
    "storageClass=COLD",
    "tier=Cool",
    "sse=AES256",
    "account=ours",
    "credentials=/etc/shadow",
    "delivery=relay",
    "publicEndpoint=http://x",
    "__proto__=1",
  );
  const url = fc
    .tuple(
      fc.constantFrom("s3", "az", "gs", "S3"),
      fc.constantFrom("handover", "whole", "folder", "handover.", "other", "handover@x"),
      // Half of them begin where they may.
      fc
        .tuple(fc.constantFrom([], ["a", "b"], ["a", "b"], ["x"]), fc.array(piece, { maxLength: 4 }))
        .map((both) => both.flat()),
      fc.array(parameter, { maxLength: 3 }),
    )
    .map(([scheme, name, pieces, query]) => {
      const path = pieces.length === 0 ? "" : `/${pieces.join("/")}`;
      return `${scheme}://${name}${path}${query.length === 0 ? "" : `?${query.join("&")}`}`;
    });
  const harmless = new Set(["storageClass", "tags", "tier"]);

  test("it lies within an allowed prefix and is reached as the operator says, or is refused", () => {
    let within = 0;
    fc.assert(
      fc.property(url, fc.boolean(), (given, isSource) => {
        const find = isSource ? bucketSourcePlace : bucketPlace;
        let place: Place;
        try {
          place = find(bucket(given), allowed);
        } catch (error) {
          assert.ok(error instanceof LongshoreError, String(error));
          assert.ok(["PlaceNotAllowed", "InvalidArgument"].includes(error.code), error.code);
          return;
        }
        within++;
        const [seen, reached] = [bucket(place.location), bucket(place.reached)];
        assert.deepEqual(
          [seen.scheme, seen.bucket, seen.prefix],
          [reached.scheme, reached.bucket, reached.prefix],
        );
        const holding = allowed.filter(
          (root) =>
            root.scheme === reached.scheme &&
            root.bucket === reached.bucket &&
            `${reached.prefix}/`.startsWith(root.prefix === "" ? "" : `${root.prefix.replace(/\/$/, "")}/`),
        );
        assert.ok(holding.length > 0, `${given} became ${place.reached}`);
        assert.ok(!reached.prefix.split("/").some((name) => name === "." || name === ".."));
        const fixed = ({ parameters }: BucketLocation) =>
          Object.entries(parameters).filter(([name]) => !harmless.has(name));
        assert.ok(
          holding.some((root) => JSON.stringify(fixed(root)) === JSON.stringify(fixed(reached))),
          `${given} became ${place.reached}`,
        );
        assert.deepEqual(fixed(seen), [], "nothing of the operator's is seen");
        assert.equal(formatBucketLocation(seen), place.location);
      }),
      { numRuns: 5000 },
    );
    // About a hundred are, by chance.
    assert.ok(within > 20, `only ${within} were allowed`);
  });
});
