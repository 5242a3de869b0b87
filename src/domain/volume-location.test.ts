import assert from "node:assert/strict";
import { suite, test } from "node:test";
import fc from "fast-check";
import { formatVolumeLocation, parseVolumeLocation } from "./volume-location.ts";

suite("a place in a volume", () => {
  const cases: Record<string, object | undefined | RegExp> = {
    "pvc://team-a/reports": { namespace: "team-a", claim: "reports", path: "" },
    "pvc://team-a/reports/": { namespace: "team-a", claim: "reports", path: "" },
    "PVC://team-a/re.ports//2026/q1/": { namespace: "team-a", claim: "re.ports", path: "2026/q1" },
    "pvc://team-a/reports/a%20b%3Fc": { namespace: "team-a", claim: "reports", path: "a b?c" },
    "s3://bucket/x": undefined,
    "/srv/pvc://x": undefined,
    "pvc://team-a": /must be pvc:/,
    "pvc://team-a/reports/../x": /must be pvc:/,
    "pvc://team-a/reports/%2e%2e/x": /must be pvc:/,
    "pvc://team-a/reports/a%2Fb": /must be pvc:/,
    "pvc://team-a/reports/%00": /must be pvc:/,
    "pvc://team-a/reports/%": /must be pvc:/,
    "pvc://../reports": /must be pvc:/,
    "pvc://Team/reports": /must be pvc:/,
  };
  for (const [location, expected] of Object.entries(cases))
    test(`${location} is ${expected instanceof RegExp ? "refused" : JSON.stringify(expected)}`, () => {
      if (expected instanceof RegExp)
        assert.throws(() => parseVolumeLocation(location), {
          code: "InvalidArgument",
          message: expected,
        });
      else assert.deepEqual(parseVolumeLocation(location), expected);
    });

  test("is read as it was written", () => {
    const name = fc.string({ minLength: 1, unit: "grapheme" }).filter((text) => !/^\.\.?$|[/\0]/.test(text));
    fc.assert(
      fc.property(fc.array(name, { maxLength: 4 }), (names) => {
        const place = { namespace: "team-a", claim: "reports", path: names.join("/") };
        assert.deepEqual(parseVolumeLocation(formatVolumeLocation(place)), place);
      }),
    );
  });
});
