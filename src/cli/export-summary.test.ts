import assert from "node:assert/strict";
import { test } from "node:test";
import { type ExportSummary, summaryText } from "./export-summary.ts";

const plain: ExportSummary = {
  name: "reports",
  state: "Succeeded",
  files: 1234,
  parts: { total: 4, reused: 0 },
  bytes: { source: 2 ** 30, redone: 0 },
  differences: 0,
  differencesAt: "its differences.jsonl",
};

test("says counts, and what else there is to say", () => {
  assert.equal(summaryText(plain), "reports Succeeded: 1,234 files, 1.0 GiB in 4 parts\n");
  assert.equal(
    summaryText({
      ...plain,
      parts: { total: 4, reused: 1 },
      bytes: { source: 2 ** 30, redone: 2048 },
      differences: 1,
      seconds: 1.5,
      location: "/mnt/handover/reports",
      archive: { file: "reports.tar.zst", size: 2 ** 20 },
      manifestDigest: "ab",
    }),
    `reports Succeeded: 1,234 files, 1.0 GiB in 4 parts, 1 reused, 2.0 KiB done again, 1.5 s
  in        /mnt/handover/reports
  archive   reports.tar.zst, 1.0 MiB
  manifest  sha256:ab
  1 entry was not as planned, see its differences.jsonl
`,
  );
});
