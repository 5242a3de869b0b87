/** The bucket destination in a real store: Swift by its S3 API. */
import { after, before } from "node:test";
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
