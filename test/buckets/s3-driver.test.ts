/** The S3 driver against a server that speaks its API and checks what it is sent. */
import { after, before } from "node:test";
import { testObjectStore } from "../conformance/object-store.ts";
import { freshPrefix, openBucket, openStore, s3Location, testBucket } from "../fixtures/buckets.ts";
import { missingSwift, type S3Server, startSwift } from "../servers/swift.ts";

let swift: S3Server;
const skip = missingSwift();
const { signal } = new AbortController();

before(async () => {
  if (skip !== false) return;
  swift = await startSwift();
  await swift.createBucket(testBucket);
});
after(() => swift?.[Symbol.asyncDispose]());

testObjectStore(
  "s3 at Swift",
  () => {
    const prefix = freshPrefix();
    return Promise.resolve({
      store: openStore(swift, s3Location(swift, prefix)),
      prefix: `${prefix}/`,
      [Symbol.asyncDispose]: () => openBucket(swift, prefix).removeAll("", signal),
    });
  },
  {
    skip,
    noArbiter: "Swift's S3 API has no conditional writes",
    remembersEnded: "Swift takes an upload for known as long as its object stands",
    partSize: 5 * 2 ** 20,
  },
);
