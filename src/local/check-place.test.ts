import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer, type RequestListener } from "node:http";
import { createServer as createSecureServer } from "node:https";
import type { AddressInfo } from "node:net";
import { describe, test } from "node:test";
import { MemoryDestination } from "../../test/fixtures/memory-destination.ts";
import { expectExit, missingProgram, run, temporaryFolder } from "../../test/fixtures/run.ts";
import { LongshoreError } from "../domain/errors.ts";
import type { Destination } from "../domain/ports/destination.ts";
import { createPlaceCheck, type PlaceCheckOptions } from "./check-place.ts";

const { signal } = new AbortController();
const reached = "s3://handover/2026?endpoint=https://inside.example";
const secret = "X-Amz-Signature=0123456789abcdef";

interface Store extends AsyncDisposable {
  readonly origin: string;
  readonly asked: string[];
}

async function store(answer: RequestListener, tls?: { key: Buffer; cert: Buffer }): Promise<Store> {
  const asked: string[] = [];
  const listener: RequestListener = (request, response) => {
    asked.push(request.url ?? "");
    answer(request, response);
  };
  const server = tls === undefined ? createServer(listener) : createSecureServer(tls, listener);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    origin: `http${tls === undefined ? "" : "s"}://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

/** A destination that sends receivers to the origin; one that relays where there is none. */
function destinationAt(origin: string | undefined, prepare: Destination["prepare"] = async () => undefined) {
  const destination: Destination = new MemoryDestination("s3://handover/2026");
  destination.prepare = prepare;
  if (origin !== undefined) destination.presign = async (name) => `${origin}/${name}?${secret}`;
  return destination;
}

/** As the program reaches stores, but that it trusts the bundle alone. */
const connections: PlaceCheckOptions["connections"] = (caBundle) =>
  caBundle === undefined ? {} : { ca: readFileSync(caBundle) };

const check = (
  destination: Destination,
  given: Partial<PlaceCheckOptions> = {},
  location = reached,
): Promise<void> =>
  createPlaceCheck({ openDestination: async () => destination, connections, ...given })(location, signal);

/** The error, which must not have anything of the URL. */
async function refusal(checking: Promise<void>): Promise<LongshoreError> {
  const error: unknown = await checking.then(
    () => assert.fail("it was found to work"),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof LongshoreError, String(error));
  for (let link: unknown = error; link instanceof Error; link = link.cause)
    assert.doesNotMatch(`${link.message} ${link.stack}`, /X-Amz|inside\.example/);
  return error;
}

describe("a bucket is found to be ready", () => {
  const answers: Record<string, readonly [status: number, body: string]> = {
    "where it has no such object": [404, "<Error><Code>NoSuchKey</Code></Error>"],
    "where it says nothing of what is not there": [403, "<Error><Code>AccessDenied</Code></Error>"],
    "where it has such an object": [200, "x".repeat(100_000)],
  };
  for (const [name, [status, body]] of Object.entries(answers))
    test(name, async () => {
      await using server = await store((_request, response) => response.writeHead(status).end(body));
      await check(destinationAt(server.origin));
      assert.equal(server.asked.length, 1);
      assert.match(server.asked[0] ?? "", /^\/check-[0-9a-f-]{36}\?X-Amz-Signature=/);
    });

  test("where it relays, and nobody is sent to it", () => check(destinationAt(undefined)));
});

test(
  "a certificate of the operator's own authority is trusted, and no other",
  { skip: missingProgram("openssl") },
  async () => {
    await using work = temporaryFolder();
    const [key, certificate] = [work.join("key.pem"), work.join("certificate.pem")];
    const made =
      "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=store -addext subjectAltName=IP:127.0.0.1";
    expectExit(await run("openssl", [...made.split(" "), "-keyout", key, "-out", certificate]), 0);
    const tls = { key: readFileSync(key), cert: readFileSync(certificate) };
    await using server = await store((_request, response) => response.writeHead(404).end(), tls);
    const error = await refusal(check(destinationAt(server.origin)));
    assert.equal(error.code, "PublicEndpointUnreachable");
    assert.match(error.message, /the line says DEPTH_ZERO_SELF_SIGNED_CERT$/);
    await check(destinationAt(server.origin), {}, `${reached}&caBundle=${certificate}`);
  },
);

describe("a bucket is not ready", () => {
  const answers: Record<string, readonly [status: number, body: string, said: RegExp]> = {
    "where the link's signature is refused": [
      403,
      "<Error><Code>SignatureDoesNotMatch</Code><Resource>x</Resource></Error>",
      /the answer is 403 SignatureDoesNotMatch$/,
    ],
    "where something else refuses": [403, "<html>no</html>", /the answer is 403$/],
    "where its region is another": [301, "<Code>PermanentRedirect</Code>", /301 PermanentRedirect$/],
    "where a proxy finds nobody behind it": [502, "", /the answer is 502$/],
  };
  for (const [name, [status, body, said]] of Object.entries(answers))
    test(name, async () => {
      await using server = await store((_request, response) => response.writeHead(status).end(body));
      const error = await refusal(check(destinationAt(server.origin)));
      assert.equal(error.code, "PublicEndpointUnreachable");
      assert.match(
        error.message,
        /^receivers would be sent to s3:\/\/handover by links that do not work from here: /,
      );
      assert.match(error.message, said);
      assert.match(error.hint, /publicEndpoint=URL.*delivery=relay/);
    });

  test("where nobody listens at the links' address", async () => {
    const server = await store(() => undefined);
    await server[Symbol.asyncDispose]();
    const error = await refusal(check(destinationAt(server.origin)));
    assert.equal(error.code, "PublicEndpointUnreachable");
    assert.match(error.message, /ECONNREFUSED$/);
  });

  test("where the links' address does not speak TLS", async () => {
    await using server = await store((_request, response) => response.writeHead(404).end());
    const error = await refusal(check(destinationAt(server.origin.replace("http:", "https:"))));
    assert.equal(error.code, "PublicEndpointUnreachable");
  });

  test("where it can't be listed, with the store's own sentence", async () => {
    const failure = new LongshoreError("BucketNotFound", "s3://handover does not exist");
    const prepare = async (): Promise<void> => {
      throw failure;
    };
    assert.equal(await refusal(check(destinationAt(undefined, prepare))), failure);
  });

  test("where it does not answer in time, at either end", async () => {
    const limit = { longest: 30 };
    await using server = await store(() => undefined);
    const silent = (waiting: AbortSignal): Promise<void> =>
      new Promise((_resolve, reject) => waiting.addEventListener("abort", () => reject(waiting.reason)));
    for (const destination of [destinationAt(server.origin), destinationAt(undefined, silent)]) {
      const error = await refusal(check(destination, limit));
      assert.equal(error.code, "StoreUnreachable");
      assert.match(error.message, /^s3:\/\/handover did not answer within 0\.03 s$/);
    }
  });
});

test("a check ends when whoever wants it does not any more", async () => {
  const stopped = new AbortController();
  await using server = await store(() => stopped.abort(new Error("enough")));
  const checkPlace = createPlaceCheck({
    openDestination: async () => destinationAt(server.origin),
    connections,
  });
  await assert.rejects(checkPlace(reached, stopped.signal), { message: "enough" });
});
