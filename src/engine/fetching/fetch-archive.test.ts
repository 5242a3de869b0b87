import assert from "node:assert/strict";
import { existsSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { createServer, type ServerResponse } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { partsOf } from "../../../test/fixtures/exports.ts";
import { problem } from "../../../test/fixtures/export-server.ts";
import { fileIn, grant, serveExport } from "../../../test/fixtures/served-export.ts";
import { sha256 } from "../digest.ts";
import { parseDownloadUrl } from "./download-url.ts";
import { fetchArchive } from "./fetch-archive.ts";
import type { DownloadProgress } from "./progress-tally.ts";
import { streamArchive } from "./stream-archive.ts";

const { signal } = new AbortController();
const MiB = 1024 * 1024;
const sizes = [3 * MiB + 7, 0, 2 * MiB, 5 * MiB, 1];

test("the archive, once, over several connections", async (t) => {
  const served = await serveExport(t, { sizes });
  const file = fileIn(served);
  const seen: DownloadProgress[] = [];
  const call = served.call("parts.tar", { onProgress: (now) => void seen.push(now) });
  const size = served.archive.length;
  const done = { size, kept: 0, alreadyThere: false, isProved: true };
  assert.deepEqual(await fetchArchive(call, file, signal), done);
  assert.deepEqual(readFileSync(file), served.archive);
  assert.deepEqual(served.found(), ["file"]);
  assert.deepEqual(seen.at(-1), {
    bytes: size,
    totalBytes: size,
    kept: 0,
    connections: 0,
    waiting: undefined,
  });
  assert.equal(Math.max(...seen.map(({ connections }) => connections)), 3);
  const again = await fetchArchive(call, file, signal);
  assert.deepEqual(again, { ...done, kept: size, alreadyThere: true });
  writeFileSync(file, "other");
  await assert.rejects(fetchArchive(call, file, signal), { code: "TargetExists" });
  assert.equal(readFileSync(file, "utf8"), "other");
});

test("each part by a range of its own, for the tag that the first answer had", async (t) => {
  const served = await serveExport(t, { sizes });
  await fetchArchive(served.call("parts.tar", { connections: 1 }), fileIn(served), signal);
  const asked = served.server.requests.filter(({ file }) => file === "parts.tar");
  const tag = asked[1]?.headers["if-match"];
  assert.match(tag ?? "", /^"[0-9a-f]{64}"$/);
  assert.deepEqual(
    asked.map(({ range, headers, status }) => [range, headers["if-match"], status]),
    [
      [`bytes=0-${3 * MiB + 6}`, undefined, 206],
      [`bytes=${3 * MiB + 7}-${5 * MiB + 6}`, tag, 206],
      [`bytes=${5 * MiB + 7}-${10 * MiB + 6}`, tag, 206],
      [`bytes=${10 * MiB + 7}-${10 * MiB + 7}`, tag, 206],
    ],
  );
});

test("what an interrupted download left is kept, as far as it is right", async (t) => {
  const served = await serveExport(t, { sizes });
  const { archive } = served;
  const file = fileIn(served);
  const partial = `${file}.partial`;
  const call = served.call("parts.tar");
  const junk = Buffer.from(archive);
  junk[4 * MiB] = (junk[4 * MiB] ?? 0) ^ 1;
  const [first = 0] = sizes;
  const table: [what: string, left: Buffer, kept: number][] = [
    ["the beginning", archive.subarray(0, 4 * MiB), 4 * MiB],
    ["everything", archive, archive.length],
    ["more than everything", Buffer.concat([archive, archive]), archive.length],
    ["a wrong byte in the third part", junk, archive.length - 2 * MiB],
    ["only junk", Buffer.from("junk"), 0],
    ["a wrong beginning", Buffer.concat([Buffer.from("junk"), archive.subarray(4, first)]), 0],
  ];
  for (const [what, left, kept] of table) {
    writeFileSync(partial, left);
    assert.equal((await fetchArchive(call, file, signal)).kept, kept, what);
    assert.deepEqual(readFileSync(file), archive, what);
    assert.deepEqual(served.found(), ["file"]);
    rmSync(file);
  }
});

test("interrupted in good order, checked parts aren't read again", async (t) => {
  const stopped = new AbortController();
  const served = await serveExport(t, { sizes });
  const file = fileIn(served);
  const partial = `${file}.partial`;
  const stopAfter = (bytes: number) => (now: DownloadProgress) => {
    if (now.bytes >= bytes) stopped.abort();
  };
  const onProgress = stopAfter(6 * MiB);
  await assert.rejects(
    fetchArchive(served.call("parts.tar", { connections: 1, onProgress }), file, stopped.signal),
    { name: "AbortError" },
  );
  assert.deepEqual(served.found(), ["file.partial", "file.partial.json"]);
  const text = readFileSync(`${partial}.json`, "utf8");
  const { done, running } = JSON.parse(text) as {
    done: number[];
    running: { part: number; bytes: number }[];
  };
  for (const part of [0, 2])
    assert.ok(done.includes(part) || running.some((one) => one.part === part && one.bytes === sizes[part]));
  assert.equal(statSync(`${partial}.json`).mode & 0o777, 0o600);
  assert.doesNotMatch(text, /secret|http/);
  const report = await fetchArchive(served.call("parts.tar"), file, signal);
  assert.ok(report.kept >= 5 * MiB + 7, `${report.kept} bytes were kept`);
  assert.deepEqual(readFileSync(file), served.archive);
});

test("a state is believed without reading only while the file looks as it did", async (t) => {
  const served = await serveExport(t, { sizes });
  const file = fileIn(served);
  const partial = `${file}.partial`;
  const wrong = Buffer.from(served.archive);
  wrong[0] = (wrong[0] ?? 0) ^ 1;
  const at = 1_767_323_045;
  const leave = (mtime: number): void => {
    writeFileSync(partial, wrong);
    utimesSync(partial, mtime, mtime);
    const text = JSON.stringify({
      formatVersion: 1,
      kind: "archive",
      manifest: manifestDigest,
      size: wrong.length,
      done: sizes.map((_, number) => number),
      running: [],
      stamp: { size: wrong.length, mtime: `${at}000000000` },
    });
    writeFileSync(`${partial}.json`, text, { mode: 0o600 });
  };
  const manifestDigest = sha256(readFileSync(join(served.location, "manifest.json")));
  leave(at + 1);
  await fetchArchive(served.call("parts.tar"), file, signal);
  assert.deepEqual(readFileSync(file), served.archive);
  // That it is believed at all can only be seen where it is wrong.
  rmSync(file);
  leave(at);
  await fetchArchive(served.call("parts.tar"), file, signal);
  assert.deepEqual(readFileSync(file), wrong);
});

test("a part that is damaged on the server is named, and the rest is kept", async (t) => {
  const served = await serveExport(t, { sizes });
  const object = partsOf(served.location)[3] ?? "";
  const right = readFileSync(object);
  const wrong = Buffer.from(right);
  wrong[2 * MiB] = (wrong[2 * MiB] ?? 0) ^ 1;
  writeFileSync(object, wrong);
  const file = fileIn(served);
  await assert.rejects(fetchArchive(served.call("parts.tar"), file, signal), {
    code: "Damaged",
    message: /part 3 \(parts\/00000003-/,
  });
  // Twice the same is what the server has; more tries would only waste the line.
  const tries = served.server.requests.filter(({ range }) => range?.startsWith(`bytes=${5 * MiB + 7}-`));
  assert.equal(tries.length, 2);
  assert.deepEqual(served.found(), ["file.partial", "file.partial.json"]);
  writeFileSync(object, right);
  const { kept } = await fetchArchive(served.call("parts.tar"), file, signal);
  assert.ok(kept >= 5 * MiB + 7);
  assert.deepEqual(readFileSync(file), served.archive);
});

test("of a part that came wrong twice, only the blocks that differ are fetched a third time", async (t) => {
  let answers = 0;
  const served = await serveExport(t, {
    sizes: [5 * MiB, 1],
    intercept: (request, response, file) => {
      if (file !== "parts.tar" || !request.headers.range?.startsWith("bytes=0-")) return false;
      answers += 1;
      const bytes = Buffer.from(served.archive.subarray(0, 5 * MiB));
      // One wrong byte in the second block the first time, in the fifth the second time.
      const place = [MiB + 5, 4 * MiB + 5][answers - 1];
      if (place !== undefined) bytes[place] = (bytes[place] ?? 0) ^ 1;
      response.writeHead(206, {
        "content-range": `bytes 0-${5 * MiB - 1}/${served.archive.length}`,
        "content-length": bytes.length,
      });
      response.end(bytes);
      return true;
    },
  });
  const file = fileIn(served);
  await fetchArchive(served.call("parts.tar", { connections: 1 }), file, signal);
  assert.deepEqual(readFileSync(file), served.archive);
  const ranges = served.server.requests
    .filter((request) => request.file === "parts.tar")
    .map(({ range }) => range);
  const blocks = [1, 4].map((block) => `bytes=${block * MiB}-${(block + 1) * MiB - 1}`);
  assert.deepEqual(ranges, [
    `bytes=0-${5 * MiB - 1}`,
    `bytes=0-${5 * MiB - 1}`,
    ...blocks,
    `bytes=${5 * MiB}-${5 * MiB}`,
  ]);
});

test("an export that is replaced meanwhile never gets mixed with the one before", async (t) => {
  let other: Buffer | undefined;
  const served = await serveExport(t, {
    sizes,
    intercept: (request, _response, file) => {
      if (file === "parts.tar" && request.headers["if-match"] !== undefined)
        other ??= served.replace([sizes[0] ?? 0, 3 * MiB], "other");
      return false;
    },
  });
  const file = fileIn(served);
  const call = served.call("parts.tar", { connections: 1 });
  await assert.rejects(fetchArchive(call, file, signal), { code: "ExportReplaced" });
  assert.equal(existsSync(file), false);
  await fetchArchive(call, file, signal);
  assert.deepEqual(readFileSync(file), other);
});

test("a tag that changes while the manifest stays is another server's of the same export", async (t) => {
  let asked = 0;
  const served = await serveExport(t, {
    sizes,
    intercept: (request, response, file) => {
      if (file === "parts.tar" && request.headers["if-match"] !== undefined && ++asked === 2) {
        problem(response, 412, "PreconditionFailed");
        return true;
      }
      return false;
    },
  });
  await fetchArchive(served.call("parts.tar", { connections: 1 }), fileIn(served), signal);
  assert.deepEqual(readFileSync(fileIn(served)), served.archive);
  assert.equal(asked, 3);
});

const refusals: [status: number, problem: string | undefined, code: string, message: RegExp][] = [
  [401, "GrantExpired", "GrantExpired", /has expired$/],
  [401, "GrantRevoked", "GrantRevoked", /was revoked$/],
  [401, undefined, "GrantInvalid", /does not accept the grant/],
  [403, "GrantExhausted", "GrantExhausted", /is used up$/],
  [403, undefined, "Forbidden", /does not allow/],
  [404, "ResourceNotFound", "ResourceNotFound", /is not there$/],
  [410, undefined, "ResourceNotFound", /is gone$/],
  [409, "ExportNotReady", "ExportNotReady", /can't be downloaded: ExportNotReady$/],
  [409, "Conflict", "ServerFailed", /status 409: Conflict$/],
  [400, "InvalidRequest", "ServerFailed", /status 400: InvalidRequest$/],
  [500, "Damaged", "Damaged", /data of \S+ is damaged$/],
  [304, undefined, "ServerFailed", /status 304$/],
];
for (const [status, code, expected, message] of refusals) {
  test(`${status} ${code ?? "without a reason"} ends the download at once, and tells no secret`, async (t) => {
    const served = await serveExport(t, {
      sizes: [10],
      intercept: (_request, response) => {
        if (code === undefined) response.writeHead(status).end();
        else problem(response, status, code);
        return true;
      },
    });
    const error = await fetchArchive(served.call("parts.tar"), fileIn(served), signal).then(
      () => assert.fail("it was not refused"),
      (reason: Error & { code: string; hint: string }) => reason,
    );
    assert.equal(error.code, expected);
    assert.match(error.message, message);
    assert.doesNotMatch(`${error.message}${error.hint}${String(error.cause)}`, /secret/);
    assert.equal(served.server.requests.length, 1);
    assert.deepEqual(served.found(), []);
  });
}

test("416 ends it: the archive is shorter than its manifest says", async (t) => {
  const served = await serveExport(t, {
    sizes,
    intercept: (_request, response, file) => {
      if (file === "parts.tar") problem(response, 416, "RangeNotSatisfiable");
      return file === "parts.tar";
    },
  });
  await assert.rejects(fetchArchive(served.call("parts.tar"), fileIn(served), signal), {
    code: "RangeNotSatisfiable",
  });
});

test("a server in trouble is asked again, when it says so, and not for ever", async (t) => {
  let answers = 0;
  const statuses = [500, 503, 429, 502, 504, 408];
  const served = await serveExport(t, {
    sizes,
    intercept: (_request, response) => {
      const status = statuses[answers++];
      if (status !== undefined) response.writeHead(status, { "retry-after": "7" }).end("busy");
      return status !== undefined;
    },
  });
  await fetchArchive(served.call("parts.tar"), fileIn(served), signal);
  assert.deepEqual(readFileSync(fileIn(served)), served.archive);
  assert.deepEqual(served.waits, [7000, 7000, 7000, 7000, 7000, 7000]);
  statuses.push(...Array<number>(99).fill(503));
  answers = 0;
  await assert.rejects(fetchArchive(served.call("parts.tar"), fileIn(served, "b"), signal), {
    code: "ServerUnreachable",
    message: /10 tries in a row brought nothing, at last the server answered 503$/,
  });
});

test("an export that is not finished is waited for", async (t) => {
  let left = 15;
  const served = await serveExport(t, {
    sizes: [10],
    intercept: (_request, response) => {
      if (left === 0) return false;
      left -= 1;
      response.setHeader("retry-after", "2");
      problem(response, 409, "ExportNotReady");
      return true;
    },
  });
  const waiting = new Set<string | undefined>();
  const onProgress = (now: DownloadProgress): void => void waiting.add(now.waiting);
  await fetchArchive(served.call("parts.tar", { onProgress }), fileIn(served), signal);
  assert.ok(waiting.has("the export is not finished"));
  assert.deepEqual(readFileSync(fileIn(served)), served.archive);
});

test("a connection that falls silent is made anew", async (t) => {
  let isSilent = true;
  const served = await serveExport(t, {
    sizes,
    intercept: (_request, response, file) => {
      if (file !== "parts.tar" || !isSilent) return false;
      isSilent = false;
      response.writeHead(206, { "content-range": `bytes 0-${3 * MiB + 6}/${served.archive.length}` });
      response.write(served.archive.subarray(0, 1000));
      return true;
    },
  });
  const { timing } = served.call("parts.tar");
  const call = served.call("parts.tar", { connections: 1, timing: { ...timing, stallMs: 1500 } });
  await fetchArchive(call, fileIn(served), signal);
  assert.deepEqual(readFileSync(fileIn(served)), served.archive);
  assert.ok(served.server.requests.some(({ range }) => range === `bytes=1000-${3 * MiB + 6}`));
});

const lies: [what: string, headers: Record<string, string>][] = [
  ["another file", { "content-range": `bytes 0-${3 * MiB + 6}/11000000` }],
  ["another range", { "content-range": `bytes 1-${3 * MiB + 6}/${10 * MiB + 8}` }],
  ["no range at all", {}],
  [
    "another encoding",
    { "content-range": `bytes 0-${3 * MiB + 6}/${10 * MiB + 8}`, "content-encoding": "gzip" },
  ],
];
for (const [what, headers] of lies) {
  test(`an answer of ${what} is not taken`, async (t) => {
    const served = await serveExport(t, {
      sizes,
      intercept: (_request, response, file) => {
        if (file === "parts.tar") response.writeHead(206, headers).end("x".repeat(100));
        return file === "parts.tar";
      },
    });
    await assert.rejects(fetchArchive(served.call("parts.tar", { connections: 1 }), fileIn(served), signal), {
      code: "DownloadIncomplete",
    });
    assert.equal(existsSync(fileIn(served)), false);
  });
}

test("a redirect to a store is followed anew each time, and neither grant nor token go there", async (t) => {
  const seen: { url: string; headers: Record<string, unknown> }[] = [];
  let links = 0;
  const served = await serveExport(t, {
    sizes,
    intercept: (_request, response, file) => {
      if (file === "parts.tar") redirect(response, `${store}/bucket/archive?signature=${++links}`);
      return file === "parts.tar";
    },
  });
  const storeServer = createServer((request, response) => {
    seen.push({ url: request.url ?? "", headers: request.headers });
    // Every second link has gone stale.
    if (seen.length % 2 === 0) return void response.writeHead(403).end();
    const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? "") ?? [];
    const bytes = served.archive.subarray(Number(first), Number(last) + 1);
    response.writeHead(206, {
      "content-range": `bytes ${first}-${last}/${served.archive.length}`,
      etag: '"store"',
    });
    response.end(bytes);
  });
  storeServer.listen(0, "127.0.0.1");
  await once(storeServer, "listening");
  t.after(() => storeServer.close());
  const store = `http://127.0.0.1:${(storeServer.address() as AddressInfo).port}`;
  const target = parseDownloadUrl(served.server.url("parts.tar").replace(/\?.*/, ""));
  await fetchArchive(served.call("parts.tar", { target, token: grant }), fileIn(served), signal);
  assert.deepEqual(readFileSync(fileIn(served)), served.archive);
  assert.ok(seen.length > 4);
  assert.equal(new Set(seen.map(({ url }) => url)).size, seen.length);
  assert.doesNotMatch(JSON.stringify(seen), /secret|authorization|if-match/);
  const atServer = served.server.requests.map(({ headers }) => headers.authorization);
  assert.deepEqual(new Set(atServer), new Set([`Bearer ${grant}`]));
});

test("redirects that lead nowhere end it", async (t) => {
  for (const to of [undefined, "ftp://h/x", "http://", "/d/default/parts/parts.tar?again"]) {
    const served = await serveExport(t, {
      sizes,
      intercept: (_request, response) => {
        redirect(response, to);
        return true;
      },
    });
    await assert.rejects(fetchArchive(served.call("parts.tar"), fileIn(served), signal), {
      code: "ServerFailed",
      message: /redirects/,
    });
  }
});

test("a token goes with the request only where the URL has no grant", async (t) => {
  const served = await serveExport(t, { sizes: [10] });
  await fetchArchive(served.call("parts.tar", { token: "other-secret" }), fileIn(served), signal);
  assert.ok(served.server.requests.every(({ headers }) => headers.authorization === undefined));
  const target = parseDownloadUrl(served.server.url("parts.tar").replace(/\?.*/, ""));
  await assert.rejects(fetchArchive(served.call("parts.tar", { target }), fileIn(served, "b"), signal), {
    code: "GrantInvalid",
  });
});

test("to a stream in order, and never to its end where a part is wrong", async (t) => {
  const served = await serveExport(t, { sizes });
  const collected: Uint8Array[] = [];
  const write = async (bytes: Uint8Array): Promise<void> => void collected.push(Buffer.from(bytes));
  await streamArchive(served.call("parts.tar"), write, signal);
  assert.deepEqual(Buffer.concat(collected), served.archive);
  const object = partsOf(served.location)[2] ?? "";
  const bytes = readFileSync(object);
  bytes[0] = (bytes[0] ?? 0) ^ 1;
  writeFileSync(object, bytes);
  collected.length = 0;
  await assert.rejects(streamArchive(served.call("parts.tar"), write, signal), {
    code: "Damaged",
    message: /part 2/,
  });
  assert.equal(Buffer.concat(collected).length, 5 * MiB + 7);
});

function redirect(response: ServerResponse, to: string | undefined): void {
  response.writeHead(307, to === undefined ? {} : { location: to }).end();
}
