import assert from "node:assert/strict";
import { test } from "node:test";
import { bucketLocation } from "../../../../test/fixtures/buckets.ts";
import { openS3Store } from "../s3.ts";

test("a URL is signed at the time that is given", async () => {
  const location = bucketLocation("s3://box?region=eu-west-1&credentials=/keys");
  const keys = { AWS_ACCESS_KEY_ID: "AKIA", AWS_SECRET_ACCESS_KEY: "wJalr" };
  const { presign } = openS3Store(location, keys, () => Date.UTC(2030, 0, 2, 3, 4, 5));
  const url = await presign?.("a", { expiresInSeconds: 60 }, new AbortController().signal);
  const query = new URL(url ?? "").searchParams;
  assert.equal(query.get("X-Amz-Date"), "20300102T030405Z");
  assert.equal(query.get("X-Amz-Expires"), "60");
});
