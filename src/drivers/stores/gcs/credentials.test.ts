/** Who is asked for tokens, who is sent them, and what is said where there are none. */
import assert from "node:assert/strict";
import { chmodSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { execPath } from "node:process";
import { after, before, beforeEach, describe, test } from "node:test";
import { bucketLocation, testBucket, textPayload } from "../../../../test/fixtures/buckets.ts";
import { gcsLocation, openGcs, openGcsOnce } from "../../../../test/fixtures/gcs-buckets.ts";
import { expectExit, missingProgram, run, temporaryFolder } from "../../../../test/fixtures/run.ts";
import { type GcsServer, startGcs } from "../../../../test/servers/gcs.ts";
import { openGcsStore } from "../gcs.ts";
import { endpointOf, maySendToken } from "./endpoint.ts";

let server: GcsServer;
const { signal } = new AbortController();

before(async () => {
  server = await startGcs();
});
after(() => server?.[Symbol.asyncDispose]());
beforeEach(() => server.createBucket(testBucket));

const askedFor = (operation: string): number => server.asked.get(operation) ?? 0;

describe("a token", () => {
  test("is asked for once, and used for every request", async () => {
    const store = openGcs(server);
    const before = askedFor("token");
    await Promise.all([store.check(signal), store.check(signal), store.put("a", textPayload("a"), signal)]);
    await store.check(signal);
    assert.equal(askedFor("token") - before, 1);
  });

  test("that is no longer taken is replaced by another, and the request made again", async () => {
    const store = openGcs(server);
    await store.check(signal);
    const before = askedFor("token");
    server.tokens.revokeAll();
    await store.put("a", textPayload("a"), signal);
    assert.equal(await store.head("a", signal).then((facts) => facts?.size), 1);
    assert.equal(askedFor("token") - before, 1);
  });

  test("that was never taken is an error, and not asked for again and again", async () => {
    const store = openGcs(server);
    const before = askedFor("token");
    server.faults.each((operation) => {
      if (operation === "objects.list") server.tokens.revokeAll();
      return undefined;
    });
    await assert.rejects(store.check(signal), {
      code: "CredentialsInvalid",
      message: /refuses the credentials/,
    });
    server.faults.each(undefined);
    assert.equal(askedFor("token") - before, 1);
  });

  test("that the token service refuses says so, without what was sent to it", async () => {
    const file = server.env["GOOGLE_APPLICATION_CREDENTIALS"] ?? "";
    const text = readFileSync(file, "utf8");
    const subject = (JSON.parse(text) as { credential_source: { file: string } }).credential_source.file;
    const right = readFileSync(subject, "utf8");
    writeFileSync(subject, "wrong-subject-token");
    const refused = await openGcsOnce(server)
      .check(signal)
      .catch((error: unknown) => error as Error & { code?: string });
    writeFileSync(subject, right);
    assert.ok(refused instanceof Error);
    assert.equal(refused.code, "CredentialsInvalid");
    assert.match(refused.message, /credentials for gs:\/\/exports get no token: .*invalid_grant/);
    const whole = `${refused.stack} ${JSON.stringify(refused)} ${String((refused.cause as Error).stack)}`;
    assert.doesNotMatch(whole, /wrong-subject-token/);
    assert.deepEqual(Object.keys(refused.cause as object), []);
  });

  test("may be waited for no longer than the call that needs it", async () => {
    await using silent = await silentServer();
    await using folder = temporaryFolder();
    const text = readFileSync(server.env["GOOGLE_APPLICATION_CREDENTIALS"] ?? "", "utf8");
    const file = folder.join("credentials.json");
    writeFileSync(file, text.replace(/"token_url":"[^"]*"/, `"token_url":"${silent.origin}/token"`));
    const controller = new AbortController();
    const waiting = openGcsOnce({
      ...server,
      env: { ...server.env, GOOGLE_APPLICATION_CREDENTIALS: file },
    }).check(controller.signal);
    await silent.asked;
    controller.abort(new Error("enough"));
    await assert.rejects(waiting, { message: "enough" });
  });
});

/** Takes requests and never answers. */
async function silentServer() {
  const { promise, resolve } = Promise.withResolvers<void>();
  const silent = createServer(() => resolve());
  silent.listen(0, "127.0.0.1");
  await once(silent, "listening");
  return {
    origin: `http://127.0.0.1:${(silent.address() as AddressInfo).port}`,
    asked: promise,
    [Symbol.asyncDispose]: async () => {
      silent.closeAllConnections();
      silent.close();
      await once(silent, "close");
    },
  };
}

describe("an endpoint", () => {
  test("is sent a token where it is Google's, or whoever runs the program trusts it", () => {
    const trusted = {
      LONGSHORE_GS_TRUSTED_ENDPOINTS: "https://store.example.com, http://127.0.0.1:9000/gcs",
    };
    const table: [endpoint: string | undefined, environment: Record<string, string>, may: boolean][] = [
      [undefined, {}, true],
      ["https://storage.googleapis.com", {}, true],
      ["https://storage.us-east1.rep.googleapis.com", {}, true],
      ["https://private.googleapis.com:443/x", {}, true],
      ["http://storage.googleapis.com", {}, false],
      ["https://storage.googleapis.com.example.com", {}, false],
      ["https://evilgoogleapis.com", {}, false],
      ["https://store.example.com", {}, false],
      ["https://store.example.com", trusted, true],
      ["https://store.example.com/path", trusted, true],
      ["http://store.example.com", trusted, false],
      ["https://store.example.com:444", trusted, false],
      ["http://127.0.0.1:9000", trusted, true],
      ["http://127.0.0.1:9001", trusted, false],
      [
        "https://store.example.com",
        { LONGSHORE_GS_TRUSTED_ENDPOINTS: "store.example.com * https://" },
        false,
      ],
    ];
    for (const [endpoint, environment, may] of table) {
      const location = bucketLocation(endpoint === undefined ? "gs://box" : `gs://box?endpoint=${endpoint}`);
      assert.equal(maySendToken(endpointOf(location, environment), environment), may, endpoint);
    }
  });

  test("of somebody else's sees no token, whatever the location says", async () => {
    const seen: (string | undefined)[] = [];
    const other = createServer((request, response) => {
      seen.push(request.headers.authorization);
      response.end("{}");
    });
    other.listen(0, "127.0.0.1");
    await once(other, "listening");
    const endpoint = `http://127.0.0.1:${(other.address() as AddressInfo).port}`;
    await openGcsOnce({ ...server }, `gs://box?endpoint=${endpoint}`).check(signal);
    assert.deepEqual(seen, [undefined]);
    assert.throws(() => openGcsOnce(server, `gs://box?anonymous=false&endpoint=${endpoint}`), {
      code: "InvalidArgument",
      hint: /LONGSHORE_GS_TRUSTED_ENDPOINTS/,
    });
    other.closeAllConnections();
    other.close();
  });

  test("that is open to all needs no credentials, and others say that they want some", async () => {
    server.createBucket("public", { isPublic: true });
    const open = openGcsStore(bucketLocation(`${gcsLocation(server, "", "public")}&anonymous=true`), {});
    await open.put("a", textPayload("a"), signal);
    assert.equal((await open.head("a", signal))?.size, 1);
    for (const query of ["", "&anonymous=true"])
      await assert.rejects(openGcsStore(bucketLocation(gcsLocation(server, "") + query), {}).check(signal), {
        code: "CredentialsInvalid",
        message: /wants credentials, and none were sent/,
      });
  });

  const wrong: [what: string, location: () => string, code: string, message: RegExp][] = [
    ["nobody listens at", () => "gs://box?endpoint=http://127.0.0.1:1", "StoreUnreachable", /nobody listens/],
    [
      "has no address",
      () => "gs://box?endpoint=http://nowhere.invalid",
      "StoreUnreachable",
      /no address|looked up/,
    ],
    [
      "speaks no TLS",
      () => gcsLocation(server, "").replace("http:", "https:"),
      "StoreUntrusted",
      /does not speak TLS/,
    ],
    [
      "has no such bucket",
      () => gcsLocation(server, "", "nowhere"),
      "BucketNotFound",
      /gs:\/\/nowhere does not exist/,
    ],
  ];
  for (const [what, location, code, message] of wrong)
    test(`that ${what} is ${code}`, () =>
      assert.rejects(openGcsOnce(server, location()).check(signal), { code, message }));

  test("that denies one thing and allows another names what it denies", async () => {
    const store = openGcsOnce(server);
    server.denied.add("storage.objects.delete");
    await store.put("a", textPayload("a"), signal);
    await assert.rejects(store.remove(["a"], signal), {
      code: "StoreDenied",
      message: /does not allow objects\.delete/,
      hint: /allow storage\.objects\.delete/,
    });
    server.denied.clear();
  });

  test(
    "with a private authority is trusted by its bundle alone",
    { skip: missingProgram("openssl") },
    async () => {
      await using folder = temporaryFolder();
      const [key, certificate] = [folder.join("key.pem"), folder.join("certificate.pem")];
      const words = `req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=127.0.0.1`;
      const names = ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", certificate];
      expectExit(await run("openssl", [...words.split(" "), ...names]), 0);
      const tls = createTlsServer(
        { key: readFileSync(key), cert: readFileSync(certificate) },
        (_, response) => response.end("{}"),
      );
      tls.listen(0, "127.0.0.1");
      await once(tls, "listening");
      const location = `gs://box?endpoint=https://127.0.0.1:${(tls.address() as AddressInfo).port}`;
      await openGcsOnce(server, `${location}&caBundle=${certificate}`).check(signal);
      await assert.rejects(openGcsOnce(server, location).check(signal), {
        code: "StoreUntrusted",
        message: /not trusted \(DEPTH_ZERO_SELF_SIGNED_CERT\)/,
      });
      assert.throws(() => openGcsOnce(server, `${location}&caBundle=${folder.join("none")}`), {
        code: "InvalidArgument",
      });
      tls.closeAllConnections();
      tls.close();
    },
  );
});

describe("a process", () => {
  /** What the driver says in a process of its own, where nothing of this one's credentials is known. */
  async function checkedBy(env: Record<string, string>, endpoint = server.endpoint): Promise<string> {
    await using home = temporaryFolder();
    const module = (path: string): string => JSON.stringify(new URL(path, import.meta.url).href);
    const script = `
      import { openGcsStore } from ${module("../gcs.ts")};
      import { parseBucketLocation } from ${module("../../../domain/location.ts")};
      const store = openGcsStore(parseBucketLocation(${JSON.stringify(`gs://${testBucket}?endpoint=${endpoint}`)}), process.env);
      await store.check(new AbortController().signal).then(
        () => console.log("right"),
        (error) => console.log(error.code, error.message, error.hint));`;
    const clean = {
      GOOGLE_APPLICATION_CREDENTIALS: "",
      HOME: home.path,
      LONGSHORE_GS_TRUSTED_ENDPOINTS: endpoint,
    };
    const result = await run(execPath, ["--input-type=module", "-e", script], { env: { ...clean, ...env } });
    assert.equal(result.stderr, "");
    return expectExit(result, 0).stdout.toString();
  }

  test("on a virtual machine has the token of its metadata server", async () => {
    assert.equal(await checkedBy({ GCE_METADATA_HOST: new URL(server.endpoint).host }), "right\n");
  });

  test("with a file of credentials has theirs", async () => {
    assert.equal(await checkedBy({ ...server.env }), "right\n");
  });

  test("without any says where to put some", async () => {
    const said = await checkedBy({ METADATA_SERVER_DETECTION: "none" });
    assert.match(
      said,
      /^CredentialsInvalid there are no credentials for gs:\/\/exports set GOOGLE_APPLICATION_/,
    );
  });

  test("with a file that is none says which it is, and nothing of what is in it", async () => {
    await using folder = temporaryFolder();
    const file = folder.join("key.json");
    assert.match(await checkedBy({ GOOGLE_APPLICATION_CREDENTIALS: file }), /key\.json, .* can't be read/);
    writeFileSync(file, "secret-key-without-json");
    chmodSync(file, 0o600);
    const said = await checkedBy({ GOOGLE_APPLICATION_CREDENTIALS: file });
    assert.match(said, /^CredentialsInvalid .*key\.json, .* is no JSON/);
    assert.doesNotMatch(said, /secret/);
  });
});
