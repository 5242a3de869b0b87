/** The bucket destination in a real store: Swift by its S3 API. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { testDestination } from "../../../test/conformance/destination.ts";
import { freshPrefix, openBucket, testBucket } from "../../../test/fixtures/buckets.ts";
import { missingSwift, type S3Server, startSwift } from "../../../test/servers/swift.ts";

let swift: S3Server;
const skip = missingSwift();

before(async () => {
  if (skip !== false) return;
  swift = await startSwift();
  await swift.createBucket(testBucket);
});
after(() => swift?.[Symbol.asyncDispose]());

testDestination(
  "s3 at Swift",
  async () => {
    const prefix = freshPrefix();
    const other = freshPrefix();
    return {
      destination: openBucket(swift, prefix),
      again: () => openBucket(swift, prefix),
      other: () => Promise.resolve(openBucket(swift, other)),
      [Symbol.asyncDispose]: async () => {
        const { signal } = new AbortController();
        for (const place of [prefix, other]) await openBucket(swift, place).removeAll("", signal);
      },
    };
  },
  {
    skip,
    noArbiter: "Swift's S3 API has no conditional writes",
    noLock: "a store has no lock that a killed process lets go of",
  },
);

test(
  "an object can be read by its signed URL, in ranges, under another name, and by no other URL",
  { skip },
  async () => {
    const { signal } = new AbortController();
    const destination = openBucket(swift, freshPrefix());
    await destination.put("a \u00ff%", Buffer.from("0123456789"), signal);
    const contentDisposition = `attachment; filename="x.tar.zst"; filename*=UTF-8''%C3%BC.tar.zst`;
    const terms = { expiresInSeconds: 60, contentDisposition, contentType: "application/zstd" };
    const url = (await destination.presign?.("a \u00ff%", terms, signal)) ?? assert.fail("there is none");
    const answer = await fetch(url, { headers: { range: "bytes=2-4" } });
    assert.deepEqual([answer.status, await answer.text()], [206, "234"]);
    assert.equal(answer.headers.get("content-disposition"), contentDisposition);
    assert.equal(answer.headers.get("content-type"), "application/zstd");
    for (const wrong of [url.replace(/Signature=.{6}/, "Signature=000000"), url.replace("%25", "%26")])
      assert.equal((await fetch(wrong)).status, 403);
  },
);
