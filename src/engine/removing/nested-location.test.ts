import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { describe, test } from "node:test";
import { MemoryDestination } from "../../../test/fixtures/memory-destination.ts";
import { temporaryFolder } from "../../../test/fixtures/run.ts";
import { LongshoreError } from "../../domain/errors.ts";
import { refuseNestedLocation } from "./nested-location.ts";

const { signal } = new AbortController();
const marks = ["plan.json", "tmp/request.json", "manifest.json"];

const refuseFolder = (location: string): Promise<void> =>
  refuseNestedLocation(
    { location, reached: location },
    () => assert.fail("a folder is looked at where it is"),
    signal,
  );

describe("in a folder", () => {
  for (const mark of marks)
    test(`an export is refused below a folder with ${mark}, and not beside it`, async () => {
      await using folder = temporaryFolder();
      mkdirSync(folder.join("handover/default/reports/tmp"), { recursive: true });
      writeFileSync(folder.join("handover/default/reports", mark), "{}");
      for (const name of ["tmp", "reports/x", "index/deep/er"])
        await assert.rejects(refuseFolder(folder.join("handover/default/reports", name)), {
          code: "LocationOccupied",
        });
      for (const name of ["reports", "other", "reports-too/x"])
        await refuseFolder(folder.join("handover/default", name));
    });

  test("an export that is called as a record does not make an export of its namespace", async () => {
    await using folder = temporaryFolder();
    for (const name of ["manifest.json", "plan.json"])
      mkdirSync(folder.join("handover/default", name), { recursive: true });
    await refuseFolder(folder.join("handover/default/reports"));
  });
});

/** Buckets by whole location; `denied` are those whose records may not be read. */
function refusing(exports: Readonly<Record<string, string>>, denied: readonly string[] = []) {
  const asked: string[] = [];
  const open = async (location: string): Promise<MemoryDestination> => {
    asked.push(location);
    const destination = new MemoryDestination(location);
    const mark = exports[location];
    if (mark !== undefined) destination.objects.set(mark, Buffer.from("{}"));
    if (denied.includes(location))
      destination.size = async () => {
        throw new LongshoreError("StoreDenied", "no");
      };
    return destination;
  };
  const refuse = (prefix: string): Promise<void> => {
    const location = `s3://handover/${prefix}`;
    return refuseNestedLocation({ location, reached: `${location}?profile=ours` }, open, signal);
  };
  return { refuse, asked };
}

describe("in a bucket", () => {
  for (const mark of marks)
    test(`an export is refused below a prefix with ${mark}, and not beside it`, async () => {
      const { refuse } = refusing({ "s3://handover/2026/default/reports?profile=ours": mark });
      for (const name of ["tmp", "reports/x", "index/deep/er"])
        await assert.rejects(refuse(`2026/default/reports/${name}`), {
          code: "LocationOccupied",
          message: `s3://handover/2026/default/reports/${name} lies inside the export s3://handover/2026/default/reports`,
        });
      for (const name of ["reports", "other", "reports-too/x"]) await refuse(`2026/default/${name}`);
    });

  test("every prefix above is asked as the operator says, and the top of the bucket is none", async () => {
    const { refuse, asked } = refusing({ "s3://handover?profile=ours": "manifest.json" });
    await refuse("a%25/b c/reports");
    assert.deepEqual(asked, ["s3://handover/a%25/b%20c?profile=ours", "s3://handover/a%25?profile=ours"]);
  });

  test("what may not be looked at holds nothing up", async () => {
    const { refuse } = refusing({}, ["s3://handover/2026?profile=ours"]);
    await refuse("2026/default/reports");
  });
});
