import assert from "node:assert/strict";
import { existsSync, mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { destinationAt, lockOf, namesBelow } from "../../../test/fixtures/local-jobs.ts";
import { MemoryDestination } from "../../../test/fixtures/memory-destination.ts";
import { temporaryFolder, type TemporaryFolder } from "../../../test/fixtures/run.ts";
import { LongshoreError } from "../../domain/errors.ts";
import { removeExportData } from "./remove-data.ts";

const { signal } = new AbortController();
const owner = "uid-1";

const contents: Record<string, string> = {
  "manifest.json": "{}",
  "plan.json": JSON.stringify({ request: { owner } }),
  "plan/00000000.jsonl.zst": "x",
  "parts/00000000-0123456789abcdef.tar": "x",
  "receipts/00000000.json": "{}",
  "index/00000000-0123456789abcdef.jsonl.zst": "x",
  "index.jsonl.zst": "x",
  "index.pages.json": "{}",
  "statement.json": "{}",
  "statement.json.sig": "x",
  SHA256SUMS: "x",
  "differences.jsonl": "x",
  "attempts/00000000.1": "",
  "files/deep/er/file": "x",
  "tmp/00000000.1": "x",
};

/** An export's folder on disk, in its namespace's. */
function exportAt(folder: TemporaryFolder, files: Record<string, string> = contents): string {
  const location = folder.join("handover", "default", "reports");
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(join(location, name, ".."), { recursive: true });
    writeFileSync(join(location, name), content);
  }
  return location;
}

const remove = (location: string, by = owner): Promise<void> =>
  removeExportData({ location, owner: by }, destinationAt(location), "a test", signal);

describe("removing an export", () => {
  test("leaves nothing, nor the empty folder of its namespace", async () => {
    await using folder = temporaryFolder();
    await remove(exportAt(folder));
    assert.deepEqual(readdirSync(folder.join("handover")), []);
  });

  test("that was hardly begun leaves nothing", async () => {
    await using folder = temporaryFolder();
    const request = { "tmp/request.json": JSON.stringify({ owner }), "tmp/plan/run-1": "x" };
    await remove(exportAt(folder, request));
    assert.deepEqual(readdirSync(folder.join("handover")), []);
  });

  test("leaves a namespace's folder that holds another", async () => {
    await using folder = temporaryFolder();
    const location = exportAt(folder);
    writeFileSync(join(location, "..", "other"), "x");
    await remove(location);
    assert.deepEqual(namesBelow(folder.join("handover")), ["default", "default/other"]);
  });

  test("leaves what somebody else put into its folder", async () => {
    await using folder = temporaryFolder();
    const location = exportAt(folder, { ...contents, "notes.txt": "mine" });
    await remove(location);
    assert.deepEqual(namesBelow(location), ["notes.txt"]);
  });

  const others: Record<string, Record<string, string>> = {
    "of another owner": { ...contents, "plan.json": JSON.stringify({ request: { owner: "uid-2" } }) },
    "of another owner, hardly begun": { "tmp/request.json": JSON.stringify({ owner: "uid-2" }) },
    "of nobody": { "manifest.json": "{}", "parts/a": "x" },
    "whose plan is no JSON": { ...contents, "plan.json": "{" },
    "whose plan names no owner": { ...contents, "plan.json": "[]" },
    "with a plan of another owner and a request of ours": {
      "plan.json": JSON.stringify({ request: { owner: "uid-2" } }),
      "tmp/request.json": JSON.stringify({ owner }),
    },
  };
  for (const [name, files] of Object.entries(others))
    test(`${name} does nothing`, async () => {
      await using folder = temporaryFolder();
      const location = exportAt(folder, files);
      const before = namesBelow(location);
      await remove(location);
      assert.deepEqual(namesBelow(location), before);
    });

  test("where there is none does nothing, but takes empty folders away", async () => {
    await using folder = temporaryFolder();
    const location = exportAt(folder, {});
    await remove(location);
    mkdirSync(join(location, "tmp"), { recursive: true });
    await remove(location);
    assert.deepEqual(readdirSync(folder.join("handover")), []);
  });

  test("removes links, never what they point to", async () => {
    await using folder = temporaryFolder();
    const location = exportAt(folder);
    const precious = folder.join("precious");
    mkdirSync(join(precious, "inner"), { recursive: true });
    writeFileSync(join(precious, "inner", "file"), "x");
    for (const name of ["parts", "files"]) {
      rmSync(join(location, name), { recursive: true });
      symlinkSync(precious, join(location, name));
    }
    symlinkSync(precious, join(location, "receipts", "link"));
    rmSync(join(location, "index.jsonl.zst"));
    symlinkSync(join(precious, "inner", "file"), join(location, "index.jsonl.zst"));
    await remove(location);
    assert.deepEqual(namesBelow(precious), ["inner", "inner/file"]);
    assert.ok(!existsSync(location));
  });

  test("that somebody works on is refused", async () => {
    await using folder = temporaryFolder();
    const location = exportAt(folder);
    await using _lock = await lockOf(location);
    await assert.rejects(remove(location), { code: "LocationBusy" });
    assert.ok(existsSync(join(location, "manifest.json")));
  });
});

/** Fails when it has done some changes, as a process that dies does. */
class DyingDestination extends MemoryDestination {
  left = Infinity;
  isFull = false;
  /** Folders that were removed whole. */
  readonly cleared: string[] = [];

  constructor(given: Readonly<Record<string, string>> = contents) {
    super("/nowhere/at/all");
    for (const [name, content] of Object.entries(given)) this.objects.set(name, Buffer.from(content));
  }

  override async remove(name: string): Promise<void> {
    this.#live();
    await super.remove(name, signal);
  }

  override async removeAll(folder: string): Promise<void> {
    this.cleared.push(folder);
    const prefix = folder === "" ? "" : `${folder}/`;
    for (const name of [...this.objects.keys()].filter((key) => key.startsWith(prefix)).toSorted()) {
      this.#live();
      this.objects.delete(name);
    }
  }

  override async lock(holder: string): Promise<AsyncDisposable> {
    if (this.isFull) throw new LongshoreError("DestinationFull", "there is no room for a lock");
    return super.lock(holder, signal);
  }

  #live(): void {
    if (this.left-- <= 0) throw new LongshoreError("DestinationGone", "it died");
  }
}

/** What an export in a bucket has, at a prefix that others' keys begin with too. */
const objects: Record<string, string> = {
  ...contents,
  "reports.tar.zst": "x",
  "tmp/request.json": JSON.stringify({ owner }),
  "tmp/plan/run-1": "x",
  "others/below": "x",
  "/odd": "x",
  "odd//name": "x",
};

const bucketPlace = { location: "s3://handover/2026/default/reports", owner };

describe("removing an export in a bucket", () => {
  const removeIn = (destination: MemoryDestination): Promise<void> =>
    removeExportData(bucketPlace, destination, "a test", signal);

  test("leaves nothing below its prefix, the uploads of its archive neither", async () => {
    const destination = new DyingDestination(objects);
    await removeIn(destination);
    assert.deepEqual([...destination.objects.keys()], []);
    assert.deepEqual(destination.cleared.at(-1), "", "everything below, where uploads are aborted first");
  });

  for (const [name, others] of Object.entries({
    "of another owner": { ...objects, "plan.json": JSON.stringify({ request: { owner: "uid-2" } }) },
    "of nobody": { "manifest.json": "{}", "parts/a": "x" },
    "whose plan names no owner": { "plan.json": "[]", "parts/a": "x" },
  }))
    test(`${name} does nothing`, async () => {
      const destination = new DyingDestination(others);
      await removeIn(destination);
      assert.deepEqual([...destination.objects.keys()], Object.keys(others));
    });

  for (const [name, given] of Object.entries({
    planned: objects,
    "hardly begun": { "tmp/request.json": JSON.stringify({ owner }), "tmp/plan/run-1": "x", "tmp/a": "x" },
  }))
    test(`that is cut off after any change is gone on with: ${name}`, async () => {
      for (let left = 0; ; left++) {
        const destination = new DyingDestination(given);
        destination.left = left;
        const isCut = await removeIn(destination).then(
          () => false,
          () => true,
        );
        if (!isCut) return assert.ok(left > 1, "it was cut off in many places");
        if (left > 0) assert.ok(!destination.objects.has("manifest.json"));
        destination.left = Infinity;
        await removeIn(destination);
        assert.deepEqual([...destination.objects.keys()], [], `after ${left}`);
      }
    });

  const refusing = (code: "CredentialsInvalid" | "BucketNotFound"): DyingDestination => {
    const destination = new DyingDestination(objects);
    destination.prepare = async () => {
      throw new LongshoreError(code, "s3://handover is not for you");
    };
    return destination;
  };

  test("whose store refuses says so, and leaves everything", async () => {
    const destination = refusing("CredentialsInvalid");
    await assert.rejects(removeIn(destination), { code: "CredentialsInvalid" });
    assert.equal(destination.objects.size, Object.keys(objects).length);
  });

  test("whose bucket is gone has nothing left to do", () => removeIn(refusing("BucketNotFound")));
});

describe("removing an export that is cut off", () => {
  const place = { location: "/nowhere/at/all", owner };

  test("after any change is gone on with, and what is left is never taken for whole", async () => {
    for (let left = 0; ; left++) {
      const destination = new DyingDestination();
      destination.left = left;
      const cut = await removeExportData(place, destination, "a test", signal).then(
        () => false,
        () => true,
      );
      if (!cut) {
        assert.ok(left > 10, "it was cut off in many places");
        return;
      }
      if (left > 0) assert.ok(!destination.objects.has("manifest.json"));
      assert.ok(destination.objects.has("plan.json"), `nobody knows whose it is after ${left}`);
      destination.left = Infinity;
      await removeExportData(place, destination, "a test", signal);
      assert.deepEqual([...destination.objects.keys()], []);
    }
  });

  test("needs no room", async () => {
    const destination = new DyingDestination();
    destination.isFull = true;
    await removeExportData(place, destination, "a test", signal);
    assert.deepEqual([...destination.objects.keys()], []);
  });
});
