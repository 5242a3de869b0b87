/** What a server's stores are asked, from every thread of it, is on /metrics. */
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { test } from "node:test";
import { mixedBytes } from "../fixtures/mixed-bytes.ts";
import { expectExit, temporaryFolder } from "../fixtures/run.ts";
import { startServer } from "../fixtures/server.ts";
import { missingSwift } from "../servers/swift.ts";
import { freshPlace, startSwiftBucket, tenantUrl } from "./served-bucket.ts";

const mebibyte = 2 ** 20;

test(
  "a server counts requests and bytes of its jobs' threads, in a bucket with a limit too",
  { skip: missingSwift() },
  async () => {
    await using work = temporaryFolder();
    const tree = work.join("tree");
    mkdirSync(tree);
    for (let i = 0; i < 8; i++) writeFileSync(work.join(`tree/file${i}`), mixedBytes(2 * mebibyte, `${i}`));
    await using bucket = await startSwiftBucket();
    await using server = await startServer({
      folder: work.path,
      allow: [tree, bucket.allowed("&maxRequests=2")],
      env: bucket.swift.env,
      args: ["--workers", "4"],
    });
    const url = tenantUrl(freshPlace());
    const args = [
      "create",
      "export",
      "x",
      "--source",
      tree,
      "--destination",
      url,
      "--format",
      "files",
      "--wait",
    ];
    expectExit(await server.cli(args, { timeoutMs: 240_000 }), 0);
    const metrics = async (): Promise<string> => (await fetch(`${server.url}/metrics`)).text();
    const sum = (text: string, pattern: RegExp): number => {
      const lines = text.split("\n").filter((line) => pattern.test(line));
      return lines.reduce((total, line) => total + Number(line.slice(line.lastIndexOf(" "))), 0);
    };
    // Threads tell what they did a moment later.
    const deadline = performance.now() + 60_000;
    const stored = /^longshore_store_bytes_total\{scheme="s3",direction="out"\}/;
    while (sum(await metrics(), stored) < 16 * mebibyte && performance.now() < deadline) await sleep(50);
    // One text, since they go on to count what looks at the bucket now and then.
    const seen = await metrics();
    assert.ok(sum(seen, stored) >= 16 * mebibyte);
    const puts = /^longshore_store_requests_total\{scheme="s3",operation="put",outcome="ok"\}/;
    assert.ok(sum(seen, puts) >= 8);
    const count = /^longshore_store_request_seconds_count/;
    assert.equal(sum(seen, count), sum(seen, /^longshore_store_requests_total/));
  },
);
