/** Downloads over HTTP against RFC 9110 sections 13 and 14, for every kind of thing that can be downloaded. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { Agent } from "node:http";
import { after, before, describe, test } from "node:test";
import fc from "fast-check";
import { startDownloadServer, type DownloadServer } from "../fixtures/download-server.ts";
import { type DownloadSample, makeDownloadSample, type Offer } from "../fixtures/download-sample.ts";
import { type Asked, ask, byteRangesOf } from "../fixtures/http-ask.ts";
import { type TemporaryFolder, temporaryFolder } from "../fixtures/run.ts";

let work: TemporaryFolder;
let sample: DownloadSample;
let server: DownloadServer;
const agent = new Agent({ keepAlive: true });

before(async () => {
  work = temporaryFolder();
  sample = await makeDownloadSample(work);
  server = await startDownloadServer();
});
after(async () => {
  agent.destroy();
  await server[Symbol.asyncDispose]();
  await work[Symbol.asyncDispose]();
});

interface Validators {
  readonly etag: string;
  readonly modified: string;
  readonly size: number;
}

/** First byte and the one after the last. */
type Run = readonly [from: number, end: number];
type Outcome = "whole" | "not-modified" | "failed" | "unsatisfiable" | readonly Run[];

interface Case {
  readonly name: string;
  readonly method?: "HEAD";
  readonly headers: (validators: Validators) => Record<string, string>;
  /** Where it depends on ranges: for a blob that has that many bytes. */
  readonly outcome: Outcome | ((size: number) => Outcome);
}

const earlier = "Sat, 01 Jan 2000 00:00:00 GMT";
const later = "Fri, 01 Jan 2100 00:00:00 GMT";
const range =
  (text: string | ((size: number) => string)) =>
  ({ size }: Validators) => ({
    range: `bytes=${typeof text === "string" ? text : text(size)}`,
  });

const rangeCases: Case[] = [
  { name: "the first byte", headers: range("0-0"), outcome: [[0, 1]] },
  { name: "from the first byte on", headers: range("0-"), outcome: (size) => [[0, size]] },
  { name: "the last byte", headers: range((size) => `${size - 1}-`), outcome: (size) => [[size - 1, size]] },
  { name: "a suffix", headers: range("-3"), outcome: (size) => [[Math.max(0, size - 3), size]] },
  {
    name: "a suffix longer than all",
    headers: range("-99999999999999999999"),
    outcome: (size) => [[0, size]],
  },
  { name: "a range in the middle", headers: range(middle), outcome: (size) => [middleRun(size)] },
  {
    name: "a range that ends beyond the end",
    headers: range("0-99999999999999999999"),
    outcome: (size) => [[0, size]],
  },
  { name: "a unit in capitals", headers: () => ({ range: "BYTES=0-0" }), outcome: [[0, 1]] },
  {
    name: "two ranges",
    headers: range((size) => `0-0, ${size - 1}-`),
    outcome: (size) =>
      size > 2
        ? [
            [0, 1],
            [size - 1, size],
          ]
        : [[0, size]],
  },
  {
    name: "two ranges backwards",
    headers: range("-1,0-0"),
    outcome: (size) =>
      size > 2
        ? [
            [size - 1, size],
            [0, 1],
          ]
        : [[0, size]],
  },
  { name: "ranges that overlap", headers: range("0-5,3-7,0-1"), outcome: (size) => [[0, Math.min(8, size)]] },
  {
    name: "one range that is there and one that is not",
    headers: range((size) => `${size}-,0-0`),
    outcome: [[0, 1]],
  },
  { name: "a range behind the end", headers: range((size) => `${size}-`), outcome: "unsatisfiable" },
  { name: "no bytes from the end", headers: range("-0"), outcome: "unsatisfiable" },
  {
    name: "ranges by the thousand",
    headers: () => ({ range: `bytes=${Array.from({ length: 1000 }, (_, i) => `${2 * i}-${2 * i}`).join()}` }),
    outcome: "unsatisfiable",
  },
  { name: "a range backwards", headers: range("5-3"), outcome: "whole" },
  { name: "no range at all", headers: range("x"), outcome: "whole" },
  { name: "another unit", headers: () => ({ range: "lines=0-0" }), outcome: "whole" },
];

const conditionCases: Case[] = [
  { name: "nothing asked", headers: () => ({}), outcome: "whole" },
  {
    name: "If-Match with the tag",
    headers: ({ etag }) => ({ "if-match": `"x", ${etag}` }),
    outcome: "whole",
  },
  { name: "If-Match with *", headers: () => ({ "if-match": "*" }), outcome: "whole" },
  { name: "If-Match with another", headers: () => ({ "if-match": '"x"' }), outcome: "failed" },
  {
    name: "If-Match with the tag weak",
    headers: ({ etag }) => ({ "if-match": `W/${etag}` }),
    outcome: "failed",
  },
  {
    name: "If-None-Match with the tag",
    headers: ({ etag }) => ({ "if-none-match": etag }),
    outcome: "not-modified",
  },
  {
    name: "If-None-Match with it weak",
    headers: ({ etag }) => ({ "if-none-match": `W/${etag}` }),
    outcome: "not-modified",
  },
  { name: "If-None-Match with another", headers: () => ({ "if-none-match": '"x"' }), outcome: "whole" },
  {
    name: "If-Modified-Since the same",
    headers: ({ modified }) => ({ "if-modified-since": modified }),
    outcome: "not-modified",
  },
  { name: "If-Modified-Since earlier", headers: () => ({ "if-modified-since": earlier }), outcome: "whole" },
  {
    name: "If-Unmodified-Since the same",
    headers: ({ modified }) => ({ "if-unmodified-since": modified }),
    outcome: "whole",
  },
  {
    name: "If-Unmodified-Since earlier",
    headers: () => ({ "if-unmodified-since": earlier }),
    outcome: "failed",
  },
  {
    name: "the tag counts before the date",
    headers: () => ({ "if-none-match": '"x"', "if-modified-since": later }),
    outcome: "whole",
  },
  {
    name: "the right one before whether it is needed",
    headers: ({ etag }) => ({ "if-match": '"x"', "if-none-match": etag }),
    outcome: "failed",
  },
  {
    name: "a condition before a range",
    headers: ({ etag }) => ({ "if-none-match": etag, range: "bytes=0-0" }),
    outcome: "not-modified",
  },
  {
    name: "If-Match and a range",
    headers: ({ etag }) => ({ "if-match": etag, range: "bytes=0-0" }),
    outcome: [[0, 1]],
  },
  {
    name: "If-Range with the tag",
    headers: ({ etag }) => ({ "if-range": etag, range: "bytes=0-0" }),
    outcome: [[0, 1]],
  },
  {
    name: "If-Range with another",
    headers: () => ({ "if-range": '"x"', range: "bytes=0-0" }),
    outcome: "whole",
  },
  {
    name: "If-Range with it weak",
    headers: ({ etag }) => ({ "if-range": `W/${etag}`, range: "bytes=0-0" }),
    outcome: "whole",
  },
  {
    name: "If-Range with the date",
    headers: ({ modified }) => ({ "if-range": modified, range: "bytes=0-0" }),
    outcome: [[0, 1]],
  },
  {
    name: "If-Range with a later date",
    headers: () => ({ "if-range": later, range: "bytes=0-0" }),
    outcome: "whole",
  },
  {
    name: "If-Range with another and a range behind the end",
    headers: () => ({ "if-range": '"x"', range: "bytes=99999999999-" }),
    outcome: "whole",
  },
  { name: "If-Range without a range", headers: () => ({ "if-range": '"x"' }), outcome: "whole" },
];

/** HEAD is GET without its body, and knows no ranges. */
const headCases: Case[] = [
  { name: "HEAD", method: "HEAD", headers: () => ({}), outcome: "whole" },
  { name: "HEAD with a range", method: "HEAD", headers: () => ({ range: "bytes=0-0" }), outcome: "whole" },
  {
    name: "HEAD with a range behind the end",
    method: "HEAD",
    headers: () => ({ range: "bytes=99999999999-" }),
    outcome: "whole",
  },
  {
    name: "HEAD with If-None-Match",
    method: "HEAD",
    headers: ({ etag }) => ({ "if-none-match": etag }),
    outcome: "not-modified",
  },
  { name: "HEAD with If-Match", method: "HEAD", headers: () => ({ "if-match": '"x"' }), outcome: "failed" },
];

function middleRun(size: number): Run {
  const from = Math.floor(size / 3);
  return [from, Math.max(from + 1, Math.floor((2 * size) / 3))];
}

function middle(size: number): string {
  const [from, end] = middleRun(size);
  return `${from}-${end - 1}`;
}

function outcomeOf({ outcome }: Case, asksRange: boolean, size: number): Outcome {
  const found = typeof outcome === "function" ? outcome(size) : outcome;
  // An empty file has no ranges: it is sent as it is.
  const isAboutRanges = found === "unsatisfiable" || typeof found === "object";
  return size === 0 && asksRange && isAboutRanges ? "whole" : found;
}

function checkCommon({ headers }: Asked): void {
  assert.equal(headers["x-content-type-options"], "nosniff");
  assert.match(String(headers["content-security-policy"]), /^sandbox\b/);
  assert.equal(headers["cross-origin-resource-policy"], "same-origin");
  assert.equal(headers["transfer-encoding"], undefined);
  assert.equal(headers["content-encoding"], undefined);
}

function checkBlobHeaders({ headers }: Asked, validators: Validators, bytes: Buffer): void {
  assert.equal(headers.etag, validators.etag);
  assert.equal(headers["last-modified"], validators.modified);
  assert.equal(headers["accept-ranges"], "bytes");
  assert.match(headers["content-disposition"] ?? "", /^attachment; filename="[\x20-\x7e]+"/);
  assert.doesNotMatch(headers["cache-control"] ?? "", /no-store|public/);
  const digest = headers["repr-digest"];
  if (digest !== undefined)
    assert.equal(digest, `sha-256=:${createHash("sha256").update(bytes).digest("base64")}:`);
}

/** Whether the answer is what the outcome says, for a blob of these bytes. */
function check(
  answer: Asked,
  outcome: Outcome,
  known: { bytes: Buffer; validators: Validators; isHead: boolean },
): void {
  const { bytes, validators, isHead } = known;
  const { status, headers, body } = answer;
  assert.ok(answer.isWhole);
  checkCommon(answer);
  if (status === 304) {
    assert.equal(outcome, "not-modified");
    assert.deepEqual([headers.etag, body.length, headers["content-length"]], [validators.etag, 0, undefined]);
    return;
  }
  if (!isHead) assert.equal(headers["content-length"], String(body.length));
  if (outcome === "failed") return assert.equal(status, 412);
  if (outcome === "unsatisfiable") {
    assert.deepEqual([status, headers["content-range"]], [416, `bytes */${bytes.length}`]);
    return assert.match(headers["content-type"] ?? "", /^application\/problem\+json/);
  }
  checkBlobHeaders(answer, validators, bytes);
  if (outcome === "whole") {
    assert.deepEqual([status, headers["content-range"]], [200, undefined]);
    assert.equal(headers["content-length"], String(bytes.length));
    return assert.ok(isHead ? body.length === 0 : body.equals(bytes));
  }
  assert.equal(status, 206);
  const runs = outcome as readonly Run[];
  const given = runs.length === 1 ? [{ range: headers["content-range"], bytes: body }] : byteRangesOf(answer);
  assert.deepEqual(
    given.map((part) => part.range),
    runs.map(([from, end]) => `bytes ${from}-${end - 1}/${bytes.length}`),
  );
  for (const [i, [from, end]] of runs.entries()) assert.ok(given[i]?.bytes.equals(bytes.subarray(from, end)));
}

async function validatorsOf(url: string): Promise<Validators> {
  const { status, headers } = await ask(url, { method: "HEAD", agent });
  assert.equal(status, 200, url);
  const { etag = "", "last-modified": modified = "" } = headers;
  assert.match(etag, /^"[^"]+"$/);
  return { etag, modified, size: Number(headers["content-length"]) };
}

async function checkOffer({
  location,
  path,
  bytes,
}: Pick<Offer, "location" | "path" | "bytes">): Promise<void> {
  const url = server.url(location, path);
  const validators = await validatorsOf(url);
  assert.equal(validators.size, bytes.length);
  for (const asked of [...rangeCases, ...conditionCases, ...headCases]) {
    const headers = asked.headers(validators);
    const method = asked.method ?? "GET";
    const outcome = outcomeOf(asked, headers["range"] !== undefined, bytes.length);
    try {
      check(await ask(url, { method, headers, agent }), outcome, {
        bytes,
        validators,
        isHead: method === "HEAD",
      });
    } catch (error) {
      throw new Error(`${path}: ${asked.name}`, { cause: error });
    }
  }
}

describe("RFC 9110", () => {
  for (const format of ["tar", "tar.gz", "tar.zst", "zip", "files"] as const) {
    test(`everything that an export of ${format} offers`, async () => {
      const offers = sample.offers.filter((offer) => offer.format === format);
      assert.ok(offers.length >= 10);
      for (const offer of offers) await checkOffer(offer);
    });

    test(`the metalink of an export of ${format}`, async () => {
      const location = sample.locations[format];
      const path = "metalink?grant=a.b-c_d";
      const { body } = await ask(server.url(location, path), { agent });
      await checkOffer({ location, path, bytes: body });
    });
  }

  test("other methods are refused, and say which are not", async () => {
    for (const method of ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"]) {
      const { status, headers } = await ask(server.url(sample.locations.tar, "SHA256SUMS"), { method });
      assert.deepEqual([status, headers.allow], [405, "GET, HEAD"], method);
    }
  });

  test("what is not there is 404, what is no file 422", async () => {
    for (const [path, expected] of [
      ["nothing", 404],
      ["plan.json", 404],
      ["receipts/00000000.json", 404],
      ["parts/999", 404],
      ["parts/..%2fplan.json", 404],
      ["files/nothing", 404],
      ["files/..%2f..%2fplan.json", 404],
      ["files/%2e%2e/plan.json", 404],
      ["files/soft", 422],
      ["files/folder", 422],
      ["files/folder/", 422],
      ["files/socket", 404],
    ] as const)
      for (const location of Object.values(sample.locations))
        assert.equal(
          (await ask(server.url(location, path), { agent })).status,
          expected,
          `${location} ${path}`,
        );
  });

  test("any set of ranges gives the bytes that a simple model says", async () => {
    const place = fc.oneof(fc.nat(20), fc.nat(14_100_000)).map(String);
    const spec = fc.oneof(
      fc.tuple(place, place).map(([a, b]) => `${a}-${b}`),
      place.map((a) => `${a}-`),
      fc.nat(50_000).map((a) => `-${a}`),
    );
    const offers = sample.offers.filter(({ path }) =>
      /\.(?:tar|zip)|\.zst$|big\.bin$|one$|parts\/0$/.test(path),
    );
    const property = fc.asyncProperty(
      fc.constantFrom(...offers),
      fc.array(spec, { minLength: 1, maxLength: 4 }),
      async ({ location, path, bytes }, specs) => {
        const answer = await ask(server.url(location, path), {
          headers: { range: `bytes=${specs.join()}` },
          agent,
        });
        checkRanges(answer, specs, bytes);
      },
    );
    await fc.assert(property, { numRuns: 150 });
  });
});

function checkRanges(answer: Asked, specs: readonly string[], bytes: Buffer): void {
  const wanted = marksOf(specs, bytes.length);
  if (wanted === undefined) {
    assert.equal(answer.status, 200);
    return assert.ok(answer.body.equals(bytes));
  }
  if (!wanted.includes(1)) return assert.equal(answer.status, 416);
  assert.equal(answer.status, 206);
  const single = { range: answer.headers["content-range"] ?? "", bytes: answer.body };
  const given = answer.headers["content-range"] === undefined ? byteRangesOf(answer) : [single];
  for (const part of given) {
    const from = Number(/^bytes (\d+)-/.exec(part.range)?.[1]);
    assert.ok(part.bytes.equals(bytes.subarray(from, from + part.bytes.length)));
    assert.ok(!wanted.subarray(from, from + part.bytes.length).includes(0), "each once, none besides");
    wanted.fill(0, from, from + part.bytes.length);
  }
  assert.ok(!wanted.includes(1), "all of them");
}

/** A 1 for each byte that is asked for; undefined where a range is none. */
function marksOf(specs: readonly string[], size: number): Buffer | undefined {
  const wanted = Buffer.alloc(size);
  for (const spec of specs) {
    const [first = "", last = ""] = spec.split("-");
    if (first !== "" && last !== "" && Number(last) < Number(first)) return undefined;
    const from = first === "" ? Math.max(0, size - Number(last)) : Number(first);
    const end = first === "" || last === "" ? size : Math.min(size, Number(last) + 1);
    if (from < end) wanted.fill(1, from, end);
  }
  return wanted;
}
