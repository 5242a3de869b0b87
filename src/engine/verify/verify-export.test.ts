import assert from "node:assert/strict";
import { generateKeyPairSync, sign } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { MemoryDestination } from "../../../test/fixtures/memory-destination.ts";
import { smallExport, streamFormat, sumUp } from "../../../test/fixtures/small-export.ts";
import { LongshoreError } from "../../domain/errors.ts";
import { sha256 } from "../digest.ts";
import { verifyExport } from "./verify-export.ts";
import { verifyJoinedFile } from "./verify-joined-file.ts";
import type { VerifyReport } from "./report.ts";

const { signal } = new AbortController();

const small = (): Promise<MemoryDestination> =>
  smallExport([
    [
      { path: "a/" },
      { path: "a/1", content: "1".repeat(100) },
      { path: "a/2", content: "2".repeat(100) },
      { path: "a/3", content: "3" },
    ],
    [{ path: "b", content: "b".repeat(70) }],
  ]);

const verify = (destination: MemoryDestination, publicKey?: string): Promise<VerifyReport> =>
  verifyExport({ destination, formatOf: async () => streamFormat, publicKey }, signal);

const kinds = (report: VerifyReport): string[] =>
  report.problems.map(({ kind, object }) => `${kind} ${object}`);

test("an export as it was made is verified", async () => {
  const report = await verify(await small());
  assert.deepEqual([report.state, report.problems, report.statement.state], ["Verified", [], "absent"]);
});

test("every byte of every file counts, and so does a byte more or less", async () => {
  const names = [...(await small()).objects.keys()];
  for (const name of names) {
    const destination = await small();
    const bytes = destination.objects.get(name) ?? new Uint8Array(0);
    for (const changed of [
      flip(bytes, bytes.length >> 1),
      flip(bytes, bytes.length - 1),
      bytes.subarray(1),
      Buffer.concat([bytes, Buffer.from(" ")]),
    ]) {
      destination.objects.set(name, changed);
      assert.equal((await verify(destination)).state, "Damaged", name);
    }
    destination.objects.delete(name);
    if (name === "manifest.json") await assert.rejects(verify(destination), { code: "NotAnExport" });
    else assert.equal((await verify(destination)).state, "Damaged", name);
  }
});

test("the damaged frame and the entries in it are named", async () => {
  const destination = await small();
  const object = "parts/00000000.tar.zst";
  const receipt = JSON.parse(
    Buffer.from(destination.objects.get("receipts/00000000.json") ?? []).toString(),
  ) as { frames: [number, number][] };
  const before = receipt.frames[0]?.[0] ?? 0;
  // The second frame holds bytes 64 to 128 of the stream: the end of a/1 and the begin of a/2.
  destination.objects.set(object, flip(destination.objects.get(object) ?? new Uint8Array(0), before + 8));
  const report = await verify(destination);
  assert.deepEqual(report.damagedParts, [0]);
  assert.deepEqual(
    report.problems.map(({ kind, part, frame, entry }) => ({ kind, part, frame, entry })),
    [
      { kind: "digest", part: 0, frame: undefined, entry: undefined },
      { kind: "frame", part: 0, frame: 1, entry: undefined },
      { kind: "entry", part: 0, frame: 1, entry: "a/1" },
      { kind: "entry", part: 0, frame: 1, entry: "a/2" },
    ],
  );
});

test("a missing part and what was in it are named", async () => {
  const destination = await small();
  destination.objects.delete("parts/00000001.tar.zst");
  const report = await verify(destination);
  assert.deepEqual(kinds(report), ["missing parts/00000001.tar.zst", "entry parts/00000001.tar.zst"]);
  assert.equal(report.problems[1]?.entry, "b");
});

test("what nobody vouches for is named, and what an interrupted run left as that", async () => {
  const destination = await small();
  for (const name of ["lock", "extra", "parts/00000009.tar.zst", "tmp/1", "attempts/00000000.1"])
    destination.objects.set(name, new Uint8Array(0));
  assert.deepEqual(kinds(await verify(destination)), [
    "leftover attempts/00000000.1",
    "unlisted extra",
    "unlisted parts/00000009.tar.zst",
    "leftover tmp/1",
  ]);
});

test("a store that fails while a receipt is read ends the verification", async () => {
  const destination = await small();
  let reads = 0;
  const get = destination.get.bind(destination);
  destination.get = async (name, given) => {
    if (name === "receipts/00000000.json" && ++reads === 1)
      throw new LongshoreError("StoreUnreachable", "the store does not answer");
    return get(name, given);
  };
  await assert.rejects(verify(destination), { code: "StoreUnreachable" });
  assert.equal(reads, 1);
});

test("a receipt that nobody lists is that, whatever is in it", async () => {
  const destination = await small();
  const manifest = JSON.parse(Buffer.from(destination.objects.get("manifest.json") ?? []).toString()) as {
    run: { files: { object: string }[] };
  };
  manifest.run.files = manifest.run.files.filter(({ object }) => object !== "receipts/00000000.json");
  destination.objects.set("manifest.json", Buffer.from(JSON.stringify(manifest)));
  destination.objects.set("receipts/00000000.json", Buffer.from('{"formatVersion":2}'));
  assert.ok(kinds(await verify(destination)).includes("unlisted receipts/00000000.json"));
});

test("a manifest whose digest was changed to fit is found by its contradictions", async () => {
  const destination = await small();
  const manifest = JSON.parse(Buffer.from(destination.objects.get("manifest.json") ?? []).toString()) as {
    totals: { files: number };
  };
  manifest.totals.files += 1;
  destination.objects.set("manifest.json", Buffer.from(JSON.stringify(manifest)));
  await sumUp(destination);
  assert.deepEqual(
    (await verify(destination)).problems.map(({ message }) => message),
    ["its contentDigest is not that of its content", "totals.files is not the sum of its parts"],
  );
});

test("a manifest of a newer format, of none, and none at all", async () => {
  const destination = await small();
  destination.objects.set("manifest.json", Buffer.from('{"formatVersion":2}'));
  await assert.rejects(verify(destination), { code: "NewerFormat" });
  destination.objects.set("manifest.json", Buffer.from('{"formatVersion":1,"parts":3}'));
  assert.deepEqual(kinds(await verify(destination)), ["document manifest.json"]);
  destination.objects.delete("manifest.json");
  destination.objects.set("plan.json", Buffer.from("{}"));
  await assert.rejects(verify(destination), { code: "NotFinished" });
});

test("statements: signed, trusted, of another key, changed, half there", async () => {
  const keys = generateKeyPairSync("ed25519");
  const others = generateKeyPairSync("ed25519");
  const pem = (pair: typeof keys): string =>
    pair.publicKey.export({ type: "spki", format: "pem" }).toString();
  const signed = async (change: object = {}): Promise<MemoryDestination> => {
    const destination = await small();
    const issuer = `ed25519:${keys.publicKey.export({ type: "spki", format: "der" }).toString("base64")}`;
    const manifest = sha256(destination.objects.get("manifest.json") ?? new Uint8Array(0));
    const statement = Buffer.from(
      JSON.stringify({
        formatVersion: 1,
        manifest,
        namespace: "",
        name: "small",
        uid: "u",
        issuer,
        ...change,
      }),
    );
    destination.objects.set("statement.json", statement);
    destination.objects.set("statement.json.sig", sign(null, statement, keys.privateKey));
    return destination;
  };
  assert.equal((await verify(await signed())).statement.state, "signed");
  assert.equal((await verify(await signed(), pem(keys))).statement.state, "trusted");
  assert.equal((await verify(await signed(), pem(others))).state, "Damaged");
  assert.equal((await verify(await small(), pem(keys))).state, "Damaged");
  assert.equal((await verify(await signed({ manifest: "0".repeat(64) }))).statement.state, "invalid");
  assert.equal((await verify(await signed({ issuer: "ed25519:AAAA" }))).statement.state, "invalid");
  for (const name of ["statement.json", "statement.json.sig"]) {
    const destination = await signed();
    destination.objects.set(name, flip(destination.objects.get(name) ?? new Uint8Array(0), 20));
    assert.equal((await verify(destination)).state, "Damaged");
    destination.objects.delete(name);
    assert.deepEqual(kinds(await verify(destination)), [`statement ${name}`]);
  }
  await assert.rejects(verify(await small(), "nonsense"), { code: "InvalidKey" });
});

test("a joined file is checked part by part", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "joined-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const { objects } = await small();
  const parts = [0, 1, 2].map((number) => objects.get(`parts/0000000${number}.tar.zst`) ?? new Uint8Array(0));
  const [file, manifest] = [join(folder, "file"), join(folder, "manifest.json")];
  writeFileSync(manifest, objects.get("manifest.json") ?? "");
  const check = async (bytes: Uint8Array): Promise<[string, (number | undefined)[]]> => {
    writeFileSync(file, bytes);
    const { state, problems } = await verifyJoinedFile({ file, manifest }, signal);
    return [state, problems.map(({ part }) => part)];
  };
  const joined = Buffer.concat(parts);
  assert.deepEqual(await check(joined), ["Verified", []]);
  assert.deepEqual(await check(flip(joined, joined.length - 10)), ["Damaged", [1]]);
  assert.deepEqual(await check(joined.subarray(0, joined.length - 10)), ["Damaged", [1, 2]]);
  assert.deepEqual(await check(Buffer.concat([joined, joined])), ["Damaged", [undefined]]);
});

function flip(bytes: Uint8Array, at: number): Uint8Array {
  const changed = Uint8Array.from(bytes);
  changed[at] = (changed[at] ?? 0) ^ 1;
  return changed;
}
