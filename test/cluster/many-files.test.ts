/** A claim with 20,000 files, to another claim and to a bucket, by one worker and by four. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { s3Location, testBucket } from "../fixtures/buckets.ts";
import { missingSwift, type S3Server, startSwift } from "../servers/swift.ts";
import { expectExtracted } from "./expect-extracted.ts";
import { type ExportNamespace, fill, noExports, openExportNamespace } from "./export-namespace.ts";
import { seenFromPods } from "./seen-from-pods.ts";

const folders = 20;
const filesOfFolder = 1000;
const workers = { Sequential: { mode: "Sequential" }, Indexed: { mode: "Indexed", count: 4 } } as const;

describe("a claim with 20,000 files", { skip: noExports, timeout: 600_000 }, () => {
  let space: ExportNamespace;
  let source: string;
  let out: string;
  before(async () => {
    space = await openExportNamespace({ prefix: "many" });
    source = join(await space.volumes.add("source"), "data");
    out = await space.volumes.add("out");
    mkdirSync(source);
    for (let i = 0; i < folders; i++) fill(join(source, `${i}`), filesOfFolder, 1000 + 100 * i);
  });
  after(() => space?.[Symbol.asyncDispose]());

  const create = (name: string, mode: keyof typeof workers, destination: object) =>
    space.create(name, {
      source: { volume: { claimName: "source", path: "data" } },
      destination,
      partSize: "4Mi",
      workers: workers[mode],
    });

  for (const mode of ["Sequential", "Indexed"] as const) {
    test(`to another claim, ${mode}`, async () => {
      const name = `claim-${mode.toLowerCase()}`;
      await create(name, mode, { volume: { claimName: "out" } });
      await space.succeeded(name);
      await expectExtracted(join(out, space.name, name), source);
    });

    test(`to a bucket, ${mode}`, { skip: missingSwift() }, async () => {
      const name = `bucket-${mode.toLowerCase()}`;
      await using server = await startSwift();
      await server.createBucket(testBucket);
      await using seen = await seenFromPods(server.endpoint, space.cluster.api);
      await create(name, mode, { bucket: await reached({ ...server, endpoint: seen.endpoint }, name) });
      await space.succeeded(name);
      await expectExtracted(s3Location(server, `handover/${space.name}/${name}`), source, { ...server.env });
    });
  }

  /** The bucket as pods reach it, with a Secret of that name. */
  async function reached(server: S3Server, secret: string): Promise<object> {
    const { AWS_ACCESS_KEY_ID = "", AWS_SECRET_ACCESS_KEY = "" } = server.env;
    await space.secret(secret, { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY });
    return { url: s3Location(server, "handover"), credentialsSecretRef: { name: secret } };
  }
});
