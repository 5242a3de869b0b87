import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { temporaryFolder } from "../../../test/fixtures/run.ts";
import { refuseNestedLocation } from "./nested-location.ts";

for (const mark of ["plan.json", "tmp/request.json", "manifest.json"])
  test(`an export is refused below a folder with ${mark}, and not beside it`, async () => {
    await using folder = temporaryFolder();
    mkdirSync(folder.join("handover/default/reports/tmp"), { recursive: true });
    writeFileSync(folder.join("handover/default/reports", mark), "{}");
    for (const name of ["tmp", "reports/x", "index/deep/er"])
      assert.throws(() => refuseNestedLocation(folder.join("handover/default/reports", name)), {
        code: "LocationOccupied",
      });
    for (const name of ["reports", "other", "reports-too/x"])
      refuseNestedLocation(folder.join("handover/default", name));
  });

test("an export that is called as a record does not make an export of its namespace", async () => {
  await using folder = temporaryFolder();
  for (const name of ["manifest.json", "plan.json"])
    mkdirSync(folder.join("handover/default", name), { recursive: true });
  refuseNestedLocation(folder.join("handover/default/reports"));
});
