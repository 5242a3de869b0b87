import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { partsOf } from "../../../test/fixtures/exports.ts";
import { mixedBytes } from "../../../test/fixtures/mixed-bytes.ts";
import { fileIn, serveExport } from "../../../test/fixtures/served-export.ts";
import { fetchFile } from "./fetch-file.ts";
import type { DownloadProgress } from "./progress-tally.ts";
import { streamFile } from "./stream-file.ts";

const { signal } = new AbortController();
const MiB = 1024 * 1024;
const sizes = [2 * MiB, 3 * MiB + 5, 1];
const entry = mixedBytes(4 * MiB + 3, "entry");
const entries = { "2026/q1.csv": entry, empty: new Uint8Array(0) };

/** Sends the bytes from the range's beginning, and cuts after so many. */
function cutAfter(most: number, bytes: Uint8Array, headers: Record<string, string>) {
  return (request: IncomingMessage, response: ServerResponse): void => {
    const from = Number(/^bytes=(\d+)-/.exec(request.headers.range ?? "")?.[1] ?? 0);
    response.writeHead(206, {
      "content-range": `bytes ${from}-${bytes.length - 1}/${bytes.length}`,
      ...headers,
    });
    response.write(bytes.subarray(from, from + most), () => response.destroy());
  };
}

test("a part, an entry, a record and an empty file", async (t) => {
  const served = await serveExport(t, { sizes, entries });
  const part = readFileSync(partsOf(served.location)[1] ?? "");
  const table: [file: string, bytes: Uint8Array][] = [
    ["parts/1", part],
    ["files/2026/q1.csv", entry],
    ["manifest.json", readFileSync(`${served.location}/manifest.json`)],
    // There is no range of nothing that an answer could tell the digest of, but it can be asked for.
    ["files/empty", Buffer.alloc(0)],
  ];
  for (const [name, bytes] of table) {
    const file = fileIn(served);
    const report = await fetchFile(served.call(name), file, signal);
    assert.deepEqual(report, { size: bytes.length, kept: 0, alreadyThere: false, isProved: true });
    assert.deepEqual(readFileSync(file), Buffer.from(bytes));
    assert.deepEqual(served.found(), ["file"]);
    assert.equal((await fetchFile(served.call(name), file, signal)).alreadyThere, true);
    writeFileSync(file, "other");
    await assert.rejects(fetchFile(served.call(name), file, signal), { code: "TargetExists" });
    rmSync(file);
  }
  for (const missing of ["parts/9", "files/nothing"])
    await assert.rejects(fetchFile(served.call(missing), fileIn(served), signal), {
      code: "ResourceNotFound",
    });
});

test("goes on where it was cut, and after a kill where the file ends, while the tag is the same", async (t) => {
  const stopped = new AbortController();
  const tag = `"${createHash("sha256").update(entry).digest("hex")}"`;
  const digest = `sha-256=:${createHash("sha256").update(entry).digest("base64")}:`;
  let isBad = true;
  const bad = cutAfter(MiB + 1, entry, { etag: tag, "repr-digest": digest });
  const served = await serveExport(t, {
    sizes,
    entries,
    intercept: (request, response, file) => {
      if (isBad && file.startsWith("files/")) bad(request, response);
      return isBad && file.startsWith("files/");
    },
  });
  const file = fileIn(served);
  const onProgress = ({ bytes }: DownloadProgress): void => {
    if (bytes >= 2 * MiB) stopped.abort();
  };
  const name = "files/2026/q1.csv";
  await assert.rejects(fetchFile(served.call(name, { onProgress }), file, stopped.signal), {
    name: "AbortError",
  });
  assert.deepEqual(served.found(), ["file.partial", "file.partial.json"]);
  const asked = served.server.requests.map(({ range, headers }) => [range, headers["if-range"]]);
  assert.deepEqual(asked.slice(0, 2), [
    ["bytes=0-", undefined],
    [`bytes=${MiB + 1}-`, tag],
  ]);
  isBad = false;
  const left = readFileSync(`${file}.partial`).length;
  assert.ok(left >= 2 * MiB);
  const report = await fetchFile(served.call(name), file, signal);
  assert.deepEqual(report, { size: entry.length, kept: left, alreadyThere: false, isProved: true });
  assert.deepEqual(readFileSync(file), entry);
});

test("what an interrupted download of another file left is not kept", async (t) => {
  const served = await serveExport(t, { sizes, entries });
  const file = fileIn(served);
  const state = { formatVersion: 1, kind: "file", etag: '"other"', size: entry.length + 9 };
  for (const left of [mixedBytes(MiB, "junk"), Buffer.concat([entry, entry])]) {
    for (const text of [JSON.stringify(state), "", JSON.stringify({ ...state, size: undefined })]) {
      writeFileSync(`${file}.partial`, left);
      writeFileSync(`${file}.partial.json`, text, { mode: 0o600 });
      assert.equal((await fetchFile(served.call("files/2026/q1.csv"), file, signal)).kept, 0);
      assert.deepEqual(readFileSync(file), entry);
      assert.deepEqual(served.found(), ["file"]);
      rmSync(file);
    }
  }
});

test("of a part, whatever is there is tried against the manifest's digest", async (t) => {
  const served = await serveExport(t, { sizes });
  const part = readFileSync(partsOf(served.location)[1] ?? "");
  const file = fileIn(served);
  for (const [left, kept] of [
    [part.subarray(0, MiB), MiB],
    [part, part.length],
    [Buffer.concat([part, part]), part.length],
    [mixedBytes(MiB, "junk"), 0],
  ] as const) {
    writeFileSync(`${file}.partial`, left);
    assert.equal((await fetchFile(served.call("parts/1"), file, signal)).kept, kept);
    assert.deepEqual(readFileSync(file), part);
    rmSync(file);
  }
});

test("wrong bytes are fetched again, and not for ever", async (t) => {
  let wrong = 2;
  const served = await serveExport(t, {
    sizes,
    intercept: (_request, response, file) => {
      if (file !== "parts/1" || wrong === 0) return false;
      wrong -= 1;
      response.writeHead(200, { "content-length": 3 * MiB + 5 }).end(mixedBytes(3 * MiB + 5, "wrong"));
      return true;
    },
  });
  const file = fileIn(served);
  await fetchFile(served.call("parts/1"), file, signal);
  assert.equal(createHash("sha256").update(readFileSync(file)).digest("hex").length, 64);
  assert.deepEqual(readFileSync(file), readFileSync(partsOf(served.location)[1] ?? ""));
  wrong = 99;
  await assert.rejects(fetchFile(served.call("parts/1"), fileIn(served, "b"), signal), { code: "Damaged" });
  assert.equal(existsSync(fileIn(served, "b")), false);
});

test("a file without tag begins again after a cut, and tries that bring nothing new come to an end", async (t) => {
  let cuts = 3;
  const served = await serveExport(t, {
    sizes,
    entries,
    intercept: (request, response, file) => {
      if (!file.startsWith("files/") || cuts-- <= 0) return false;
      cutAfter(MiB, entry, {})(request, response);
      return true;
    },
  });
  await fetchFile(served.call("files/2026/q1.csv"), fileIn(served), signal);
  assert.deepEqual(readFileSync(fileIn(served)), entry);
  assert.ok(served.server.requests.every(({ range }) => range === "bytes=0-"));
  cuts = 99;
  await assert.rejects(fetchFile(served.call("files/2026/q1.csv"), fileIn(served, "b"), signal), {
    code: "DownloadIncomplete",
  });
});

test("a file that changes meanwhile is fetched anew", async (t) => {
  const other = mixedBytes(2 * MiB, "other");
  let answers = 0;
  const served = await serveExport(t, {
    sizes,
    entries: { "2026/q1.csv": other },
    intercept: (request, response, file) => {
      if (!file.startsWith("files/") || answers++ > 0) return false;
      cutAfter(MiB, entry, { etag: '"before"' })(request, response);
      return true;
    },
  });
  const report = await fetchFile(served.call("files/2026/q1.csv"), fileIn(served), signal);
  assert.deepEqual(report, { size: other.length, kept: 0, alreadyThere: false, isProved: true });
  assert.deepEqual(readFileSync(fileIn(served)), other);
});

test("to a stream, but not where it changes or is wrong", async (t) => {
  let how: "right" | "changes" | "wrong" = "right";
  const served = await serveExport(t, {
    sizes,
    entries,
    intercept: (request, response, file) => {
      if (how === "right" || !file.startsWith("files/") || request.headers["if-range"] !== undefined)
        return false;
      const headers = { etag: '"x"', "repr-digest": `sha-256=:${Buffer.alloc(32).toString("base64")}:` };
      cutAfter(how === "wrong" ? entry.length : MiB, entry, headers)(request, response);
      return true;
    },
  });
  const collected: Uint8Array[] = [];
  const write = async (bytes: Uint8Array): Promise<void> => void collected.push(Buffer.from(bytes));
  const call = served.call("files/2026/q1.csv");
  assert.equal((await streamFile(call, write, signal)).isProved, true);
  assert.deepEqual(Buffer.concat(collected), entry);
  how = "changes";
  await assert.rejects(streamFile(call, write, signal), { code: "ExportReplaced" });
  how = "wrong";
  await assert.rejects(streamFile(call, write, signal), { code: "Damaged" });
});

test("what a store gives is held to the digest that the server says of it", async (t) => {
  let given: Uint8Array = entry;
  const store = createServer((request, response) => {
    const headers = { etag: '"store"' };
    cutAfter(entry.length, given, headers)(request, response);
  });
  store.listen(0, "127.0.0.1");
  await once(store, "listening");
  t.after(() => store.close());
  const { port } = store.address() as AddressInfo;
  const served = await serveExport(t, {
    sizes,
    entries,
    intercept: (request, response, file) => {
      if (request.method === "HEAD" || !file.startsWith("files/")) return false;
      response.writeHead(307, { location: `http://127.0.0.1:${port}/bucket/object` }).end();
      return true;
    },
  });
  const call = served.call("files/2026/q1.csv");
  for (const again of [false, true]) {
    const report = await fetchFile(call, fileIn(served), signal);
    assert.deepEqual([report.isProved, report.alreadyThere], [true, again]);
  }
  const write = async (): Promise<void> => undefined;
  assert.equal((await streamFile(call, write, signal)).isProved, true);
  given = Buffer.from(entry);
  given[5] = (given[5] ?? 0) ^ 1;
  await assert.rejects(fetchFile(call, fileIn(served, "b"), signal), { code: "Damaged" });
  await assert.rejects(streamFile(call, write, signal), { code: "Damaged" });
});
