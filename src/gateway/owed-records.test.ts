import assert from "node:assert/strict";
import { test } from "node:test";
import type { NewAuditRecord } from "../domain/ports/audit-log.ts";
import { LongshoreError } from "../domain/errors.ts";
import { createOwedRecords } from "./owed-records.ts";

const record = (name: string): NewAuditRecord => ({
  actor: "grant:1",
  action: "download",
  kind: "Export",
  name,
  status: 200,
});

test("a record that can't be written is owed, and written in order before anything else", () => {
  const written: (string | undefined)[] = [];
  let isFull = true;
  const records = createOwedRecords({
    append: ({ name }) => {
      if (isFull) throw new LongshoreError("DataFolderFull", "no room");
      written.push(name);
    },
  });
  records.settle();
  for (const name of ["a", "b"])
    assert.throws(() => records.append(record(name)), { code: "DataFolderFull" });
  assert.throws(() => records.settle(), { code: "DataFolderFull" });
  isFull = false;
  records.append(record("c"));
  records.settle();
  assert.deepEqual(written, ["a", "b", "c"]);
});
