/**
 * The tests' server of Google's JSON API: Google's own client works with it, and it refuses what it should and whatever it
 * does not know, so that a driver can't pass by its leave.
 */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { after, before, describe, test } from "node:test";
import { type Bucket, Storage } from "@google-cloud/storage";
import { OAuth2Client } from "google-auth-library";
import { mixedBytes } from "../fixtures/mixed-bytes.ts";
import { type GcsServer, startGcs } from "./gcs.ts";

let server: GcsServer;
let headers: Record<string, string>;

before(async () => {
  server = await startGcs();
  for (const name of ["box", "theirs"]) server.createBucket(name);
  headers = { authorization: `Bearer ${server.tokens.issue()}` };
});
after(() => server?.[Symbol.asyncDispose]());

describe("Google's own client", () => {
  function bucketOf(token: string): Bucket {
    const authClient = new OAuth2Client();
    authClient.setCredentials({ access_token: token });
    const storage = new Storage({
      apiEndpoint: server.endpoint,
      useAuthWithCustomEndpoint: true,
      authClient,
      projectId: "tests",
      retryOptions: { autoRetry: false },
    });
    return storage.bucket("theirs");
  }

  test("puts, reads, lists, composes, copies and removes objects", async () => {
    const bucket = bucketOf(server.tokens.issue());
    const bytes = mixedBytes(3_000_000, "theirs");
    const [one, two] = [bucket.file("theirs/a b"), bucket.file("theirs/\u00fc")];
    for (const file of [one, two])
      await file.save(bytes, { resumable: false, validation: "crc32c", contentType: "text/plain" });
    // It checks what it reads by the checksum in the answer's headers.
    assert.deepEqual((await one.download({ validation: "crc32c" }))[0], bytes);
    assert.deepEqual((await two.download({ start: 10, end: 19 }))[0], bytes.subarray(10, 20));
    server.limits.page = 1;
    const [listed] = await bucket.getFiles({ prefix: "theirs/" });
    server.limits.page = 1000;
    assert.deepEqual(
      listed.map(({ name }) => name),
      [one.name, two.name],
    );
    const [metadata] = await one.getMetadata();
    assert.equal(metadata.size, "3000000");
    assert.equal(metadata.md5Hash, createHash("md5").update(bytes).digest("base64"));
    const joined = bucket.file("theirs/joined");
    await bucket.combine([one, two], joined);
    assert.deepEqual((await joined.download({ validation: "crc32c" }))[0], Buffer.concat([bytes, bytes]));
    assert.equal((await joined.getMetadata())[0].componentCount, 2);
    await joined.copy(bucket.file("theirs/copy"));
    assert.deepEqual((await bucket.file("theirs/copy").exists())[0], true);
    for (const name of ["a b", "\u00fc", "joined", "copy"]) await bucket.file(`theirs/${name}`).delete();
    assert.deepEqual((await bucket.getFiles({ prefix: "theirs/" }))[0], []);
  });

  test("hears of what is wrong as it does from Google", async () => {
    const bucket = bucketOf(server.tokens.issue());
    await assert.rejects(bucket.file("none").getMetadata(), {
      code: 404,
      message: /No such object: theirs\/none/,
    });
    const file = bucket.file("first");
    const first = { resumable: false, preconditionOpts: { ifGenerationMatch: 0 } };
    await file.save("1", first);
    await assert.rejects(file.save("2", first), { code: 412 });
    await assert.rejects(bucketOf("wrong").getFiles(), { code: 401 });
    await file.delete();
  });
});

describe("it refuses", () => {
  const object = (name: string): string => `/storage/v1/b/box/o/${encodeURIComponent(name)}`;
  const upload = (query: string): string => `/upload/storage/v1/b/box/o?uploadType=multipart&${query}`;
  const related = (metadata: string, media: string, end = "\r\n--x--\r\n") => ({
    headers: { "content-type": "multipart/related; boundary=x" },
    body: `--x\r\nContent-Type: application/json\r\n\r\n${metadata}\r\n--x\r\nContent-Type: a/b\r\n\r\n${media}${end}`,
  });
  const compose = (sources: readonly object[], more: object = {}) => ({
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ sourceObjects: sources, ...more }),
  });
  interface Sent {
    readonly headers?: Record<string, string>;
    readonly body?: string;
  }
  const ask = (method: string, path: string, sent: Sent = {}): Promise<Response> =>
    fetch(server.endpoint + path, { ...sent, method, headers: { ...headers, ...sent.headers } });

  before(async () => {
    for (const name of ["a", "b"])
      assert.equal((await ask("POST", upload(`name=${name}`), related("{}", name))).status, 200);
    const cold = related('{"storageClass":"COLDLINE"}', "cold");
    assert.equal((await ask("POST", upload("name=cold"), cold)).status, 200);
  });

  const many = (count: number): object[] => Array.from({ length: count }, () => ({ name: "a" }));
  const cases: [what: string, method: string, path: string, sent: Sent, status: number, reason: string][] = [
    ["no token", "GET", "/storage/v1/b/box/o", { headers: { authorization: "" } }, 401, "authError"],
    [
      "a token it did not give",
      "GET",
      object("a"),
      { headers: { authorization: "Bearer x" } },
      401,
      "authError",
    ],
    ["a method it does not know", "PATCH", object("a"), {}, 404, "notFound"],
    ["a parameter it does not know", "GET", `${object("a")}?versions=true`, {}, 400, "invalidParameter"],
    ["a parameter twice", "GET", `${object("a")}?alt=json&alt=media`, {}, 400, "invalidParameter"],
    ["fields that make no sense", "GET", `${object("a")}?fields=name(`, {}, 400, "invalid"],
    ["a bucket that is not there", "GET", "/storage/v1/b/none/o", {}, 404, "notFound"],
    ["a page token of its own making", "GET", "/storage/v1/b/box/o?pageToken=%2B", {}, 400, "invalid"],
    [
      "another type of upload",
      "POST",
      "/upload/storage/v1/b/box/o?uploadType=media&name=x",
      {},
      501,
      "notImplemented",
    ],
    ["an object without a name", "POST", upload("name="), related("{}", "x"), 400, "required"],
    ["a line feed in a name", "POST", upload("name=x%0Ay"), related("{}", "x"), 400, "invalid"],
    ["a name too long", "POST", upload(`name=${"x".repeat(1025)}`), related("{}", "x"), 400, "invalid"],
    ["a name of dots", "POST", upload("name=.."), related("{}", "x"), 400, "invalid"],
    ["a wrong CRC-32C", "POST", upload("name=x"), related('{"crc32c":"AAAAAA=="}', "x"), 400, "invalid"],
    ["a wrong MD5", "POST", upload("name=x"), related('{"md5Hash":"AAAA"}', "x"), 400, "invalid"],
    ["metadata it does not know", "POST", upload("name=x"), related('{"acl":[]}', "x"), 400, "invalid"],
    ["a body without its end", "POST", upload("name=x"), related("{}", "x", ""), 400, "invalid"],
    [
      "a generation that is not there any more",
      "POST",
      upload("name=a&ifGenerationMatch=1"),
      related("{}", "x"),
      412,
      "conditionNotMet",
    ],
    [
      "to be the second first",
      "POST",
      upload("name=a&ifGenerationMatch=0"),
      related("{}", "x"),
      412,
      "conditionNotMet",
    ],
    ["to read another generation", "GET", `${object("a")}?ifGenerationMatch=1`, {}, 412, "conditionNotMet"],
    ["to remove another generation", "DELETE", `${object("a")}?generation=1`, {}, 404, "notFound"],
    ["33 sources", "POST", `${object("x")}/compose`, compose(many(33)), 400, "invalid"],
    ["no source", "POST", `${object("x")}/compose`, compose([]), 400, "invalid"],
    [
      "a source that is not there",
      "POST",
      `${object("x")}/compose`,
      compose([{ name: "none" }]),
      404,
      "notFound",
    ],
    [
      "a source of another generation",
      "POST",
      `${object("x")}/compose`,
      compose([{ name: "a", generation: "1" }]),
      404,
      "notFound",
    ],
    [
      "sources of two classes",
      "POST",
      `${object("x")}/compose`,
      compose([{ name: "a" }, { name: "cold" }]),
      400,
      "invalid",
    ],
    [
      "a compose request with more than it knows",
      "POST",
      `${object("x")}/compose`,
      compose(many(1), { deleteSourceObjects: true }),
      400,
      "invalid",
    ],
    [
      "to compose over what is there",
      "POST",
      `${object("b")}/compose?ifGenerationMatch=0`,
      compose(many(2)),
      412,
      "conditionNotMet",
    ],
    [
      "a rewrite token of its own making",
      "POST",
      `${object("a")}/rewriteTo/b/box/o/x?rewriteToken=x`,
      {},
      400,
      "invalid",
    ],
  ];
  for (const [what, method, path, sent, status, reason] of cases)
    test(what, async () => {
      const answer = await ask(method, path, sent);
      assert.equal(answer.status, status);
      const { error } = (await answer.json()) as { error: { code: number; errors: { reason: string }[] } };
      assert.deepEqual([error.code, error.errors[0]?.reason], [status, reason]);
      const names = server.objects("box").map(({ name }) => name);
      assert.deepEqual(names.toSorted(), ["a", "b", "cold"], "nothing was done");
    });

  test("ranges behind the end, in plain text", async () => {
    const answer = await ask("GET", `${object("a")}?alt=media`, { headers: { range: "bytes=1-2" } });
    assert.equal(answer.status, 416);
    assert.doesNotMatch(answer.headers.get("content-type") ?? "", /json/);
  });
});

test("32 sources are one object, whose checksum is that of its bytes", async () => {
  const token = { authorization: `Bearer ${server.tokens.issue()}`, "content-type": "application/json" };
  const sourceObjects = Array.from({ length: 32 }, (_, i) => ({ name: i % 2 === 0 ? "a" : "b" }));
  const answer = await fetch(`${server.endpoint}/storage/v1/b/box/o/joined/compose`, {
    method: "POST",
    headers: token,
    body: JSON.stringify({ sourceObjects }),
  });
  const joined = (await answer.json()) as { componentCount: number; md5Hash?: string; size: string };
  assert.deepEqual([joined.componentCount, joined.md5Hash, joined.size], [32, undefined, "32"]);
});

test("it is gone when it is disposed", async () => {
  let endpoint = "";
  {
    await using other = await startGcs();
    ({ endpoint } = other);
    assert.equal((await fetch(`${endpoint}/storage/v1/b/box/o`)).status, 404);
  }
  await assert.rejects(fetch(endpoint));
});
