import assert from "node:assert/strict";
import { test } from "node:test";
import { textPayload } from "../../../../test/fixtures/buckets.ts";
import { md5Tags, type TaggedAnswer } from "./md5-tags.ts";

const md5OfA = "0cc175b9c0f1b6a831c399e269772661";
const other = "ffffffffffffffffffffffffffffffff";

test("a tag is taken for an MD5 only once the store has shown that its tags are", () => {
  const table: [
    what: string,
    learned: TaggedAnswer | undefined,
    read: TaggedAnswer,
    md5: string | undefined,
  ][] = [
    ["nothing was sent", undefined, { ETag: `"${other}"` }, undefined],
    ["tags are MD5s", { ETag: `"${md5OfA}"` }, { ETag: `"${other}"` }, other],
    ["tags are something else", { ETag: `"${other}"` }, { ETag: `"${md5OfA}"` }, undefined],
    ["the object has parts", { ETag: `"${md5OfA}"` }, { ETag: `"${other}-2"` }, undefined],
    [
      "it is encrypted by a service",
      { ETag: md5OfA },
      { ETag: other, ServerSideEncryption: "aws:kms" },
      undefined,
    ],
    [
      "it is encrypted by the store",
      { ETag: md5OfA },
      { ETag: other, ServerSideEncryption: "AES256" },
      other,
    ],
    [
      "it is encrypted by a client",
      { ETag: md5OfA },
      { ETag: other, SSECustomerAlgorithm: "AES256" },
      undefined,
    ],
    [
      "everything is encrypted",
      { ETag: md5OfA, ServerSideEncryption: "aws:kms" },
      { ETag: other },
      undefined,
    ],
  ];
  for (const [what, learned, read, md5] of table) {
    const tags = md5Tags();
    if (learned !== undefined) tags.learn(textPayload("a"), learned);
    assert.equal(tags.md5In(read), md5, what);
  }
});

test("an empty object teaches nothing, and the first that does counts", () => {
  const tags = md5Tags();
  tags.learn(textPayload(""), { ETag: other });
  tags.learn(textPayload("a"), { ETag: md5OfA });
  tags.learn(textPayload("a"), { ETag: other });
  assert.equal(tags.md5In({ ETag: other }), other);
});
