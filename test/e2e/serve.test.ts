/** The embedded server from outside: a request over REST becomes an export, a grant, and a download with nothing but curl. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import { expectVerified } from "../fixtures/exports.ts";
import { mixedBytes } from "../fixtures/mixed-bytes.ts";
import { expectExit, longshore, shell, temporaryFolder } from "../fixtures/run.ts";
import {
  createExport,
  getExport,
  grantUrl,
  reasonOf,
  type RunningServer,
  startServer,
  untilEnded,
  untilGone,
  untilReason,
} from "../fixtures/server.ts";

const mebibyte = 1024 * 1024;

test("a start that fails keeps nobody from the link of the first token", async () => {
  await using work = temporaryFolder();
  const allow = [work.join("missing")];
  await assert.rejects(startServer({ folder: work.path, allow }), /missing/);
  mkdirSync(work.join("missing"));
  await using server = await startServer({ folder: work.path, allow });
  assert.match(server.output(), /#token=/);
});

suite("longshore serve", () => {
  const work = temporaryFolder();
  const source = work.join("allowed/source");
  const handover = work.join("allowed/handover");
  let server: RunningServer;

  const spec = (more: object = {}) => ({
    source: { directory: { path: source } },
    destination: { directory: { path: handover } },
    partSize: "1Mi",
    ...more,
  });

  before(async () => {
    mkdirSync(join(source, "deep"), { recursive: true });
    for (const name of ["one", "two", "deep/three"])
      writeFileSync(join(source, name), mixedBytes(3 * mebibyte, name));
    server = await startServer({ folder: work.path, allow: [work.join("allowed")] });
  });
  after(async () => {
    await server[Symbol.asyncDispose]();
    await work[Symbol.asyncDispose]();
  });

  test("keeps its first token where only its owner reads it, and says it once", () => {
    assert.equal(statSync(join(server.data, "admin-token")).mode & 0o777, 0o600);
    assert.equal(server.output().split(server.token).length - 1, 1, server.output());
  });

  test("makes a verified export where a request names its place", async () => {
    const made = await createExport(server, "whole", spec());
    assert.equal(made.spec["format"], "TarZstd");
    const ended = await untilEnded(server, "whole");
    assert.equal(reasonOf(ended), "Completed", JSON.stringify(ended.status));
    await expectVerified(join(handover, "default/whole"));
    assert.equal(ended.status?.["files"], 3);
  });

  test("hands it to whoever holds a grant, by curl, at any byte", async () => {
    const joined = work.join("joined.tar.zst");
    expectExit(await longshore(["download", join(handover, "default/whole"), "-o", joined]), 0);
    const expected = await shell('sha256sum < "$1"', [joined]);
    const url = await grantUrl(server, "whole");
    const got = await shell(
      'curl -fsS "$1" | head -c 1234567 > "$2"; curl -fsS -C - -o "$2" "$1"; sha256sum < "$2"',
      [url, work.join("got")],
    );
    expectExit(got, 0, 23);
    assert.equal(got.stdout.toString(), expected.stdout.toString());
    assert.match(url, /\/d\/default\/whole\/whole\.tar\.zst\?grant=/);
  });

  test("says the archive's entity tag alike in the status, by HTTP and on the command line", async () => {
    const { headers } = await fetch(await grantUrl(server, "whole"), { method: "HEAD" });
    const { archive } = (await getExport(server, "whole")).status as { archive: { etag: string } };
    assert.equal(headers.get("etag"), `"${archive.etag}"`);
    // The same bytes, so the same tag.
    const args = ["export", source, work.join("bare"), "--part-size", "1Mi", "--json"];
    const made = await longshore(args);
    expectExit(made, 0);
    const document = JSON.parse(made.stdout.toString()) as { archive: { etag: string } };
    assert.equal(document.archive.etag, archive.etag);
  });

  test("gives one entry out of the archive by range", async () => {
    const url = await grantUrl(server, "whole");
    const entry = url.replace("/whole.tar.zst?", "/files/deep/three?");
    const response = await fetch(entry, { headers: { range: "bytes=2000000-2999999" } });
    assert.equal(response.status, 206);
    const bytes = Buffer.from(await response.arrayBuffer());
    assert.ok(bytes.equals(mixedBytes(3 * mebibyte, "deep/three").subarray(2_000_000, 3_000_000)));
  });

  test("downloads with its own client, checked part by part", async () => {
    const url = await grantUrl(server, "whole");
    const file = work.join("own-client.tar.zst");
    expectExit(await longshore(["download", url, "-o", file, "--connections", "3"]), 0);
    const sums = await shell('sha256sum < "$1"; sha256sum < "$2"', [file, work.join("joined.tar.zst")]);
    const [mine, theirs] = sums.stdout.toString().trim().split("\n");
    assert.equal(mine, theirs);
  });

  test("refuses what lies outside the allowed folders, by a link too", async () => {
    mkdirSync(work.join("outside"));
    symlinkSync(work.join("outside"), work.join("allowed/way-out"));
    const paths = [
      work.join("outside"),
      work.join("allowed/way-out"),
      work.join("allowed/../outside"),
      `${work.join("allowed")}-evil`,
      server.data,
      "/",
    ];
    for (const [i, path] of paths.entries()) {
      for (const place of ["source", "destination"]) {
        const answer = await server.api("POST", "/namespaces/default/exports", {
          metadata: { name: `outside-${i}-${place}` },
          spec: spec({ [place]: { directory: { path } } }),
        });
        assert.equal(answer.status, 422, `${place} ${path}: ${JSON.stringify(answer.body)}`);
      }
    }
  });

  test("deletes the export with its data, or keeps the data if asked", async () => {
    for (const [name, policy, stays] of [
      ["gone", "Delete", false],
      ["kept", "Retain", true],
    ] as const) {
      await createExport(server, name, spec());
      await untilEnded(server, name);
      const url = await grantUrl(server, name);
      const answer = await server.api(
        "DELETE",
        `/namespaces/default/exports/${name}?deletionPolicy=${policy}`,
      );
      assert.equal(answer.status, 202);
      await untilGone(server, name);
      assert.equal(existsSync(join(handover, `default/${name}/manifest.json`)), stays);
      const refused = await fetch(url);
      assert.ok([401, 403, 404].includes(refused.status), `a grant outlived its export: ${refused.status}`);
      await refused.arrayBuffer();
    }
  });

  test("ends one for good when it is canceled", async () => {
    await createExport(server, "canceled", spec({ suspend: true }));
    await untilReason(server, "canceled", "Suspended");
    const answer = await server.api("POST", "/namespaces/default/exports/canceled/cancel");
    assert.equal(answer.status, 202);
    assert.equal(reasonOf(await untilEnded(server, "canceled")), "Canceled");
    const undone = await server.api("PATCH", "/namespaces/default/exports/canceled", {
      spec: { cancel: false },
    });
    assert.equal(undone.status, 422);
  });

  test("deletes what has outlived its time", async () => {
    await createExport(server, "short", spec({ ttlSecondsAfterFinished: 1 }));
    await untilGone(server, "short");
    assert.ok(!existsSync(join(handover, "default/short/manifest.json")));
  });

  test("fails with the code of what a user must change", async () => {
    await createExport(server, "strict", spec({ source: { directory: { path: join(source, "deep") } } }));
    assert.equal(reasonOf(await untilEnded(server, "strict")), "Completed");
    const again = await server.api("POST", "/namespaces/default/exports", {
      metadata: { name: "strict" },
      spec: spec(),
    });
    assert.equal(again.status, 409);
  });

  test("goes on after a restart, on the same data", async () => {
    const before = await getExport(server, "whole");
    const url = await grantUrl(server, "whole");
    await server.kill();
    server = await startServer({ folder: work.path, allow: [work.join("allowed")], port: server.port });
    assert.deepEqual((await getExport(server, "whole")).metadata.uid, before.metadata.uid);
    const response = await fetch(url);
    assert.equal(response.status, 200);
    const hash = createHash("sha256").update(Buffer.from(await response.arrayBuffer()));
    const expected = await shell('sha256sum < "$1"', [work.join("joined.tar.zst")]);
    assert.ok(expected.stdout.toString().startsWith(hash.digest("hex")));
  });
});
