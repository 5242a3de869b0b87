/** Signed URLs, held against those of Google's own client, and against a server that checks them. */
import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { writeFileSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import { Storage } from "@google-cloud/storage";
import { bucketLocation, freshPrefix, testBucket, textPayload } from "../../../../test/fixtures/buckets.ts";
import { gcsLocation, openGcs } from "../../../../test/fixtures/gcs-buckets.ts";
import { temporaryFolder } from "../../../../test/fixtures/run.ts";
import { type GcsServer, startGcs } from "../../../../test/servers/gcs.ts";
import type { ObjectStore } from "../../../domain/ports/object-store.ts";
import { openGcsStore } from "../gcs.ts";
import { signedUrl } from "./presign.ts";

const { signal } = new AbortController();
const terms = {
  contentDisposition: `attachment; filename="gr_e.zst"; filename*=UTF-8''gr%C3%BC%C3%9Fe.zst`,
  contentType: "application/zstd",
};

/** The order of a query's parameters means nothing. */
const inOrder = (url: string): readonly string[] => {
  const [place = "", query = ""] = url.split("?");
  return [place, ...query.split("&").sort()];
};

describe("a signed URL is that of Google's client", () => {
  const { privateKey: key } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const email = "one@project.iam.gserviceaccount.com";
  const credentials = {
    client_email: email,
    private_key: key.export({ type: "pkcs8", format: "pem" }).toString(),
  };
  const storage = new Storage({ projectId: "none", credentials });
  // It makes none that have expired.
  const now = new Date(Math.floor(Date.now() / 1000) * 1000);
  for (const name of ["plain.tar.zst", "a/b c", "gr\u00fc\u00dfe %41?&#+.zst", "it's (a) *test*!~"])
    for (const userProject of [undefined, "who-pays"])
      test(`${name}${userProject === undefined ? "" : ", where somebody else pays"}`, async () => {
        const [theirs] = await storage
          .bucket("some-bucket")
          .file(name)
          .getSignedUrl({
            version: "v4",
            action: "read",
            accessibleAt: now,
            expires: new Date(now.getTime() + 299_000),
            responseDisposition: terms.contentDisposition,
            responseType: terms.contentType,
            ...(userProject === undefined ? {} : { queryParams: { userProject } }),
          });
        const object = {
          endpoint: new URL("https://storage.googleapis.com"),
          bucket: "some-bucket",
          name,
          userProject,
        };
        const ours = signedUrl({ email, key }, object, { ...terms, expiresInSeconds: 299.5, now });
        assert.deepEqual(inOrder(ours), inOrder(theirs));
      });
});

describe("a URL for others", () => {
  let server: GcsServer;
  before(async () => {
    server = await startGcs();
    server.createBucket(testBucket);
  });
  after(() => server?.[Symbol.asyncDispose]());

  const signing = (query = "", env: Readonly<Record<string, string>> = server.signingEnv): ObjectStore =>
    openGcsStore(bucketLocation(`${gcsLocation(server, "")}${query}`), env);
  const urlOf = async (key: string, seconds = 60, store = signing()): Promise<string> =>
    (await store.presign?.(key, { ...terms, expiresInSeconds: seconds }, signal)) ?? assert.fail();

  test("gives one object and no other, under the name that it is given, and nothing but that", async () => {
    const folder = freshPrefix();
    const [key, other] = [`${folder}/gr\u00fc\u00dfe %41?.zst`, `${folder}/line\nfeed`];
    for (const each of [key, other]) await openGcs(server).put(each, textPayload("0123456789"), signal);
    const url = await urlOf(key);
    const answer = await fetch(url, { headers: { range: "bytes=2-4" } });
    assert.deepEqual([answer.status, await answer.text()], [206, "234"]);
    assert.equal(answer.headers.get("content-disposition"), terms.contentDisposition);
    assert.equal(answer.headers.get("content-type"), terms.contentType);
    assert.equal((await fetch(await urlOf(other))).status, 200, "a name that Google does not take as it is");
    const swapped = new URL(url);
    swapped.pathname = new URL(await urlOf(other)).pathname;
    const renamed = new URL(url);
    renamed.searchParams.set("response-content-disposition", "inline");
    for (const wrong of [url.replace(/Signature=.{6}/, "Signature=000000"), swapped.href, renamed.href])
      assert.equal((await fetch(wrong)).status, 403, wrong);
    for (const method of ["HEAD", "DELETE"]) assert.equal((await fetch(url, { method })).status, 403, method);
    await assert.rejects(
      async () => signing().presign?.(key, { expiresInSeconds: 1 }, AbortSignal.abort(new Error("enough"))),
      { message: "enough" },
    );
  });

  test("is signed at the time that is given", async () => {
    const now = (): number => Date.UTC(2030, 0, 2, 3, 4, 5);
    const store = openGcsStore(bucketLocation(gcsLocation(server, "")), server.signingEnv, now);
    const query = new URL(await urlOf("a", 60, store)).searchParams;
    assert.equal(query.get("X-Goog-Date"), "20300102T030405Z");
  });

  test("leads where receivers reach the store", async () => {
    const url = await urlOf("a/b", 60, signing("&publicEndpoint=https://files.example.com/store/"));
    assert.ok(url.startsWith(`https://files.example.com/store/${testBucket}/a/b?`), url);
  });

  test("is made by the key of a service account alone, and for no endpoint that nobody trusts", async () => {
    await using folder = temporaryFolder();
    const named = (text: string): Record<string, string> => {
      const file = folder.join("credentials.json");
      writeFileSync(file, text);
      return { ...server.signingEnv, GOOGLE_APPLICATION_CREDENTIALS: file };
    };
    const { LONGSHORE_GS_TRUSTED_ENDPOINTS: _trusted, ...untrusted } = server.signingEnv;
    const environments: Record<string, string>[] = [
      {},
      server.env,
      untrusted,
      named("{}"),
      named("no JSON"),
      named('{"type":"authorized_user","client_id":"a","client_secret":"b","refresh_token":"c"}'),
      named('{"type":"service_account","client_email":"a@b","private_key":"none"}'),
      { ...server.signingEnv, GOOGLE_APPLICATION_CREDENTIALS: folder.join("none") },
    ];
    for (const env of environments) assert.equal(signing("", env).presign, undefined, JSON.stringify(env));
    assert.equal(signing("&anonymous=true").presign, undefined);
  });

  test("is refused when its time is over", async () => {
    await openGcs(server).put("short", textPayload("x"), signal);
    const url = await urlOf("short", 1);
    let status = 200;
    while (status === 200) ({ status } = await fetch(url));
    assert.equal(status, 400);
    assert.equal((await fetch(await urlOf("short"))).status, 200);
  });
});
