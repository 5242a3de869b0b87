/** What a server says of a bucket that it may not use, can't reach, or can't send receivers to. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, suite, test } from "node:test";
import { longshoreProgram, run, temporaryFolder, until } from "../fixtures/run.ts";
import { createExport, type RunningServer, startServer, untilEnded } from "../fixtures/server.ts";
import { missingSwift } from "../servers/swift.ts";
import {
  allowedPrefix,
  freshPlace,
  readiness,
  startSwiftBucket,
  type SwiftBucket,
  tenantUrl,
} from "./served-bucket.ts";

const skip = missingSwift();

suite("a server that can't use a bucket", { skip }, () => {
  const work = temporaryFolder();
  const tree = work.join("tree");
  let bucket: SwiftBucket;

  before(async () => {
    mkdirSync(tree);
    writeFileSync(`${tree}/file`, "some");
    bucket = await startSwiftBucket();
  });
  after(async () => {
    await bucket?.[Symbol.asyncDispose]();
    await work[Symbol.asyncDispose]();
  });

  /** A server with a data folder of its own. */
  async function served(
    allow: string[],
    use: (server: RunningServer, handover: string) => Promise<void>,
    env: Record<string, string> = {},
  ): Promise<void> {
    await using folder = temporaryFolder(work.path);
    const handover = folder.join("handover");
    mkdirSync(handover);
    await using server = await startServer({
      folder: folder.path,
      allow: [tree, handover, ...allow],
      env: { ...bucket.swift.env, ...env },
    });
    await use(server, handover);
    assert.doesNotMatch(server.output(), /X-Amz-Signature/);
  }

  test("refuses what a tenant may not say, and asks nobody", async () => {
    const asked: string[] = [];
    const evil = createServer((request, response) => {
      asked.push(request.url ?? "");
      response.end();
    });
    evil.listen(0, "127.0.0.1");
    await once(evil, "listening");
    const endpoint = `http://127.0.0.1:${(evil.address() as AddressInfo).port}`;
    const urls = [
      tenantUrl(`${allowedPrefix}?endpoint=${endpoint}`),
      tenantUrl(`${allowedPrefix}?endpoint=${endpoint}&forcePathStyle=true`),
      tenantUrl(`${allowedPrefix}?publicEndpoint=${endpoint}`),
      tenantUrl(`${allowedPrefix}?caBundle=/etc/passwd`),
      tenantUrl(`${allowedPrefix}?profile=other`),
      tenantUrl("2026"),
      tenantUrl("2026/allowed-too"),
      `s3://other/${allowedPrefix}?endpoint=${endpoint}`,
    ];
    await served([bucket.allowed()], async (server) => {
      const good = { bucket: { url: tenantUrl(allowedPrefix) } };
      for (const url of urls) {
        const bad = { bucket: { url } };
        const requests: [path: string, spec: object][] = [
          ["exports", { source: bad, destination: good }],
          ["exports", { source: { directory: { path: tree } }, destination: bad }],
          ["destinations", bad],
        ];
        for (const [path, spec] of requests) {
          const answer = await server.api("POST", `/namespaces/default/${path}`, {
            metadata: { name: "bad" },
            spec,
          });
          const { code } = answer.body as { code: string };
          assert.deepEqual([answer.status, code], [422, "PlaceNotAllowed"], `${path} ${url}`);
        }
      }
      const secret = `s3://me:hunter2@exports/${allowedPrefix}`;
      const answer = await server.api("POST", "/namespaces/default/destinations", {
        metadata: { name: "bad" },
        spec: { bucket: { url: secret } },
      });
      assert.deepEqual([answer.status, (answer.body as { code: string }).code], [422, "InvalidDocument"]);
      assert.match(
        JSON.stringify(answer.body),
        /\/spec\/bucket\/url: the s3:\/\/ location carries a user or a key/,
      );
      assert.ok(!`${JSON.stringify(answer.body)}${server.output()}`.includes("hunter2"));
    });
    evil.close();
    assert.deepEqual(asked, []);
  });

  const wrong: [
    name: string,
    env: Record<string, string>,
    allowed: (usual: string) => string,
    code: string,
    said: RegExp,
  ][] = [
    [
      "a wrong secret key",
      { AWS_SECRET_ACCESS_KEY: "another" },
      (usual) => usual,
      "CredentialsInvalid",
      /^s3:\/\/exports refuses the signature: the secret key is not that of the access key/,
    ],
    [
      "a bucket that is missing",
      {},
      (usual) => usual.replace("//exports/", "//missing/"),
      "BucketNotFound",
      /^s3:\/\/missing does not exist/,
    ],
  ];
  for (const [name, env, allowedOf, code, said] of wrong)
    test(`says of ${name} what it is, in one sentence, as destination, as source and in an export`, async () => {
      const allowed = allowedOf(bucket.allowed());
      const url = allowed.replace(/\?.*$/, "");
      await served(
        [allowed],
        async (server, handover) => {
          const ready = await readiness(server, "far", url);
          assert.deepEqual([ready.status, ready.reason], ["False", code], ready.message);
          assert.match(ready.message, said);
          const there = { bucket: { url } };
          await createExport(server, "to", { source: { directory: { path: tree } }, destination: there });
          const here = { directory: { path: handover } };
          await createExport(server, "from", { source: there, destination: here });
          for (const one of ["to", "from"]) {
            const { status } = await untilEnded(server, one);
            const [condition] = status?.conditions ?? [];
            assert.deepEqual([condition?.status, condition?.reason], ["False", code], condition?.message);
            assert.match(condition?.message ?? "", said);
            assert.equal(condition?.message.split("\n").length, 1);
          }
        },
        env,
      );
    });

  test("says that receivers can't reach the store, and is content where they need not", async () => {
    const nobody = "http://127.0.0.1:9";
    await served([bucket.allowed(`&publicEndpoint=${nobody}`)], async (server) => {
      const ready = await readiness(server, "far", tenantUrl(freshPlace()));
      assert.deepEqual([ready.status, ready.reason], ["False", "PublicEndpointUnreachable"]);
      assert.match(ready.message, /ECONNREFUSED: add publicEndpoint=URL.*or delivery=relay/);
      assert.doesNotMatch(ready.message, /127\.0\.0\.1|Signature/);
      // Of exports without an ExportDestination nobody else says so.
      await until("the log names it", () => /not fit.*PublicEndpointUnreachable/.test(server.output()));
    });
    await served([bucket.allowed(`&publicEndpoint=${nobody}&delivery=relay`)], async (server) => {
      const ready = await readiness(server, "far", tenantUrl(freshPlace()));
      assert.equal(ready.status, "True", ready.message);
    });
  });

  test("does not start where how a bucket is reached can't be right", async () => {
    const wrongAllow: Record<string, RegExp> = {
      [bucket.allowed("&caBundle=/nowhere.pem")]: /^longshore: caBundle=\/nowhere\.pem can't be read: /,
      [bucket.allowed("&colour=red")]: /^longshore: --allow: a s3:\/\/ location has no parameter colour: /,
    };
    for (const [allow, said] of Object.entries(wrongAllow)) {
      const argv = ["serve", "--data", work.join("none"), "--listen", "127.0.0.1:0", "--allow", allow];
      const { code, stderr } = await run(longshoreProgram, argv, { env: { ...bucket.swift.env } });
      assert.equal(code, 2, stderr);
      assert.match(stderr, said);
    }
  });
});
