import assert from "node:assert/strict";
import { test } from "node:test";
import type { Manifest } from "../domain/manifest.ts";
import { archiveEtag } from "../engine/blob/archive-etag.ts";
import { documentText, exportDocument } from "./export-document.ts";

const part = (number: number, size: number, digit: string): Manifest["parts"][number] => ({
  number,
  key: "0".repeat(64),
  object: `parts/${number}`,
  size,
  sha256: digit.repeat(64),
  uncompressedSize: size * 2,
  entries: 1,
  files: 1,
  content: 1,
  startsInside: false,
  endsInside: false,
  tail: false,
});

function manifestOf(given: Partial<Manifest> = {}, run: Partial<Manifest["run"]> = {}): Manifest {
  return {
    formatVersion: 1,
    format: "tar.zst",
    options: {
      format: "tar.zst",
      level: 3,
      partSize: 1,
      include: [],
      exclude: [],
      differences: "record",
      entryDigests: false,
      crossFileSystems: false,
    },
    source: { kind: "filesystem" },
    totals: { entries: 9, files: 7, content: 1000, uncompressed: 2000, archive: 60 },
    differences: { changed: 1, vanished: 2, unreadable: 3, unsupported: 4 },
    parts: [part(0, 10, "a"), part(1, 20, "b"), part(2, 30, "c")],
    files: [],
    contentDigest: "0".repeat(64),
    ...given,
    run: {
      name: "reports",
      owner: "me",
      source: "/srv",
      startedAt: "",
      plannedAt: "",
      finishedAt: "",
      host: "",
      versions: {},
      redone: 5,
      attempts: 4,
      reused: [1],
      files: [],
      ...run,
    },
  };
}

const result = (manifest: Manifest) => ({ manifest, manifestDigest: "d".repeat(64), unchanged: false });

test("says all that the command line promises", () => {
  const etag = archiveEtag(manifestOf()).replaceAll('"', "");
  assert.deepEqual(exportDocument(result(manifestOf()), "/mnt/reports", 1.23456), {
    name: "reports",
    state: "Succeeded",
    files: 7,
    differences: 10,
    parts: { total: 3, succeeded: 3, reused: 1 },
    bytes: { source: 1000, written: 40, redone: 5 },
    archive: { file: "reports.tar.zst", size: 60, etag },
    location: "/mnt/reports",
    manifestDigest: "d".repeat(64),
    seconds: 1.235,
  });
});

test("tells a person where the differences are, as it can be given to a command", () => {
  for (const [location, list] of [
    ["/mnt/reports", "/mnt/reports/differences.jsonl"],
    ["s3://handover/reports?region=eu-west-1", "s3://handover/reports/differences.jsonl?region=eu-west-1"],
  ] as const) {
    const text = documentText(exportDocument(result(manifestOf()), location, 1), false);
    assert.ok(text.endsWith(`\n  10 entries were not as planned, see ${list}\n`), text);
  }
});

test("has no archive where files are kept as they are", () => {
  assert.equal(exportDocument(result(manifestOf({ format: "files" })), "/x", 0).archive, null);
});

test("the entity tag follows from the parts' bytes and their order alone", () => {
  const etagOf = (manifest: Manifest): string | undefined =>
    exportDocument(result(manifest), "/x", 0).archive?.etag;
  const parts = manifestOf().parts;
  assert.equal(etagOf(manifestOf({}, { name: "other", redone: 0 })), etagOf(manifestOf()));
  assert.notEqual(etagOf(manifestOf({ parts: parts.toReversed() })), etagOf(manifestOf()));
});

test("of an archive that is one object of the store it is the store's", () => {
  const etagOf = (etag: string): string | undefined => {
    const archive = { object: "archive" as const, size: 60, etag };
    return exportDocument(result(manifestOf({}, { archive })), "/x", 0).archive?.etag;
  };
  assert.equal(etagOf("3bef-12"), "3bef-12");
  // What would not stand in a header is not taken from a manifest.
  assert.match(etagOf('a"\r\nx: y') ?? "", /^[0-9a-f]{32}$/);
});
