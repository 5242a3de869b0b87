import assert from "node:assert/strict";
import { once } from "node:events";
import { Agent, createServer, get, type IncomingMessage, request as ask } from "node:http";
import { connect, type AddressInfo } from "node:net";
import { test } from "node:test";
import { mixedBytes } from "../../../test/fixtures/mixed-bytes.ts";
import { hasCode, LongshoreError } from "../../domain/errors.ts";
import type { Blob, BlobReader } from "../../engine/blob/blob.ts";
import { type BlobAnswer, type BlobExchange, respondWithBlob } from "./respond.ts";
import { TransferBuffers } from "./transfer-buffers.ts";

const { signal } = new AbortController();
const bytes = mixedBytes(3_000_000, "blob");

interface Sample extends Blob {
  /** Readers that were opened and not closed. */
  open(): BlobReader;
  openReaders: number;
}

/** `limit` is the byte at which damage is found. */
function sample(content: Uint8Array = bytes, limit = Number.POSITIVE_INFINITY): Sample {
  return {
    size: content.length,
    etag: '"sample"',
    contentType: "application/octet-stream",
    fileName: "sample",
    lastModified: new Date("2026-01-01T00:00:00Z"),
    openReaders: 0,
    open() {
      this.openReaders++;
      return {
        read: async (into, position, inner) => {
          inner.throwIfAborted();
          const run = content.subarray(position, position + into.length);
          if (position + run.length > limit) throw new LongshoreError("Damaged", "a part is damaged");
          into.set(run);
          return run.length;
        },
        [Symbol.asyncDispose]: async () => void this.openReaders--,
      };
    },
  };
}

interface Served extends AsyncDisposable {
  readonly port: number;
  readonly url: string;
  /** The answers in the order of the requests; what is thrown is answered by 500 and rejects. */
  readonly answers: Promise<BlobAnswer>[];
}

async function serve(
  exchange: Partial<BlobExchange> & Pick<BlobExchange, "blob">,
  abort = signal,
): Promise<Served> {
  const answers: Promise<BlobAnswer>[] = [];
  const server = createServer((request, response) => {
    const now = Date.UTC(2026, 5, 1);
    const answer = respondWithBlob({ request, response, now, ...exchange }, abort);
    answer.catch((error: unknown) => response.writeHead(500).end(String(error)));
    answers.push(answer);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    port,
    url: `http://127.0.0.1:${port}/`,
    answers,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

interface Got {
  readonly status: number;
  readonly body: Buffer;
  readonly isWhole: boolean;
}

async function fetched(url: string, headers: Record<string, string> = {}): Promise<Got> {
  const response = await new Promise<IncomingMessage>((resolve, reject) =>
    get(url, { headers, agent: false }, resolve).on("error", reject),
  );
  const chunks: Buffer[] = [];
  response.on("data", (chunk: Buffer) => chunks.push(chunk));
  // A body that ends too early: `complete` says so.
  response.on("error", () => undefined);
  await new Promise((resolve) => response.on("close", resolve));
  return { status: response.statusCode ?? 0, body: Buffer.concat(chunks), isWhole: response.complete };
}

/** A receiver that has asked and reads nothing. */
async function stalled({ port }: Served) {
  const socket = connect(port, "127.0.0.1");
  await once(socket, "connect");
  socket.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  await once(socket, "readable");
  return socket;
}

test("a whole blob goes out once, and is counted", async () => {
  const blob = sample();
  let counted = 0;
  await using served = await serve({ blob, onBytes: (count) => void (counted += count) });
  const got = await fetched(served.url);
  assert.deepEqual([got.status, got.isWhole, got.body.equals(bytes)], [200, true, true]);
  assert.deepEqual(await served.answers[0], { status: 200, ranges: "", bytes: bytes.length, complete: true });
  assert.deepEqual([counted, blob.openReaders], [bytes.length, 0]);
});

test("a range of it is counted as what it is", async () => {
  await using served = await serve({ blob: sample() });
  const got = await fetched(served.url, { range: "bytes=5-9,1000000-" });
  assert.equal(got.status, 206);
  assert.deepEqual(await served.answers[0], {
    status: 206,
    ranges: `5-9,1000000-${bytes.length - 1}`,
    bytes: got.body.length,
    complete: true,
  });
});

test("damage that is found before anything went out is an error of the request", async () => {
  const blob = sample(bytes, 100);
  await using served = await serve({ blob });
  const got = await fetched(served.url);
  assert.equal(got.status, 500);
  await assert.rejects(served.answers[0] ?? assert.fail(), { code: "Damaged" });
  assert.equal(blob.openReaders, 0);
});

test("damage that is found on the way ends the connection", async () => {
  const blob = sample(bytes, 1_000_000);
  await using served = await serve({ blob });
  for (const headers of [{}, { range: "bytes=10-" }, { range: "bytes=0-5,900000-1200000" }]) {
    const got = await fetched(served.url, headers as Record<string, string>);
    assert.equal(got.isWhole, false);
    const { complete, error } = (await served.answers.at(-1)) ?? assert.fail();
    assert.equal(complete, false);
    assert.ok(hasCode(error, "Damaged"));
  }
  assert.equal(blob.openReaders, 0);
});

test("at the limit the connection ends, to the byte", async () => {
  for (const limit of [1, 65_536, 1_000_001]) {
    const blob = sample();
    let left = limit;
    await using served = await serve({
      blob,
      bytesLeft: () => left,
      onBytes: (count) => void (left -= count),
    });
    const got = await fetched(served.url);
    assert.deepEqual([got.isWhole, got.body.length, left], [false, limit, 0]);
    assert.ok(got.body.equals(bytes.subarray(0, limit)));
    const answer = await served.answers[0];
    assert.deepEqual([answer?.bytes, answer?.complete, blob.openReaders], [limit, false, 0]);
  }
});

test("a limit that is just enough is enough", async () => {
  let left = bytes.length;
  await using served = await serve({
    blob: sample(),
    bytesLeft: () => left,
    onBytes: (count) => void (left -= count),
  });
  assert.equal((await fetched(served.url)).isWhole, true);
  assert.equal((await served.answers[0])?.complete, true);
});

/** More than the system's own buffers take. */
const large = Buffer.alloc(64 * 2 ** 20);

test("a receiver that takes nothing is cut off, and leaves nothing open", async () => {
  const blob = sample(large);
  await using served = await serve({ blob, idleTimeoutMs: 100 });
  const socket = await stalled(served);
  const answer = await served.answers[0];
  assert.deepEqual([answer?.status, answer?.complete, answer?.error], [200, false, undefined]);
  assert.ok((answer?.bytes ?? 0) < large.length);
  assert.equal(blob.openReaders, 0);
  socket.resume();
  await once(socket, "close");
});

test("a receiver that goes away is no error, and leaves nothing open", async () => {
  const blob = sample(large);
  await using served = await serve({ blob });
  const socket = await stalled(served);
  socket.destroy();
  const answer = await served.answers[0];
  assert.deepEqual([answer?.complete, answer?.error, blob.openReaders], [false, undefined, 0]);
});

test("cancelling ends an answer that nobody takes", async () => {
  const blob = sample(large);
  const controller = new AbortController();
  await using served = await serve({ blob }, controller.signal);
  const socket = await stalled(served);
  controller.abort(new Error("enough"));
  assert.equal((await served.answers[0])?.complete, false);
  assert.equal(blob.openReaders, 0);
  socket.resume();
  await once(socket, "close");
});

test("a connection serves one request after another", async () => {
  await using served = await serve({ blob: sample(bytes.subarray(0, 1000)), idleTimeoutMs: 5000 });
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const statuses: (number | undefined)[] = [];
  const ports = new Set<number | undefined>();
  for (const [method, headers] of [
    ["GET", {}],
    ["HEAD", {}],
    ["GET", { range: "bytes=0-1" }],
    ["GET", { range: "bytes=5000-" }],
    ["GET", { "if-none-match": "*" }],
    ["POST", {}],
    ["GET", {}],
  ] as const) {
    const request = ask(served.url, { method, headers, agent });
    request.end();
    const [response] = (await once(request, "response")) as [IncomingMessage];
    ports.add(response.socket.localPort);
    statuses.push(response.statusCode);
    response.resume();
    await once(response, "end");
  }
  agent.destroy();
  assert.deepEqual(statuses, [200, 200, 206, 416, 304, 405, 200]);
  assert.equal(ports.size, 1);
});

test("the Last-Modified of a clock that is ahead is not in the future", async () => {
  await using served = await serve({ blob: { ...sample(), lastModified: new Date("2030-01-01") } });
  const request = ask(served.url, { method: "HEAD", agent: false });
  request.end();
  const [response] = (await once(request, "response")) as [IncomingMessage];
  assert.equal(response.headers["last-modified"], "Mon, 01 Jun 2026 00:00:00 GMT");
});

test("a fast receiver is lent a large buffer, and gives it back", async () => {
  let time = 0;
  const buffers = new TransferBuffers(1);
  const sizes = new Set<number>();
  const blob = sample(Buffer.alloc(40 * 2 ** 20));
  const inner = blob.open.bind(blob);
  blob.open = () => {
    const reader = inner();
    return {
      ...reader,
      read: (into, position, inside) => {
        sizes.add(into.length);
        return reader.read(into, position, inside);
      },
    };
  };
  await using served = await serve({ blob, buffers, clock: () => time });
  assert.equal((await fetched(served.url)).isWhole, true);
  assert.deepEqual([...sizes], [65_536, 524_288]);
  const lent = buffers.large();
  assert.ok(lent !== undefined, "it is free again");
  // With none left the small one has to do.
  sizes.clear();
  assert.equal((await fetched(served.url)).isWhole, true);
  assert.deepEqual([...sizes], [65_536]);
  buffers.give(lent, true);
  // A slow receiver has the small one.
  sizes.clear();
  time = 0;
  await using slow = await serve({ blob, buffers, clock: () => (time += 1000) });
  assert.equal((await fetched(slow.url)).isWhole, true);
  assert.deepEqual([...sizes], [65_536]);
});
