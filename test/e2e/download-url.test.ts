/** `longshore download URL` and the programs that people have, over a line that cuts, truncates, stalls and changes bytes. */
import assert from "node:assert/strict";
import { createCipheriv } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { after, before, suite, test, type TestContext } from "node:test";
import { digestOf, exportTree } from "../fixtures/exports.ts";
import { type ExportServer, startExportServer } from "../fixtures/export-server.ts";
import { type BadLineOptions, startBadLine } from "../fixtures/bad-line.ts";
import { seededRandom, seedOfRun } from "../fixtures/random.ts";
import {
  expectExit,
  expectOneSentence,
  longshore,
  longshoreProgram,
  missingProgram,
  type Result,
  run,
  shell,
  startLongshore,
  temporaryFolder,
  until,
} from "../fixtures/run.ts";

const MiB = 1024 * 1024;
const grant = "eyJ.the-secret.grant";
const connections = 4;
const often = Number.MAX_SAFE_INTEGER;

suite("a download of 225 MiB over a bad line", () => {
  const folder = temporaryFolder();
  const location = folder.join("big");
  let server: ExportServer;
  let digest = "";
  let size = 0;
  let largestPart = 0;

  before(async () => {
    mkdirSync(folder.join("source"));
    for (const name of ["a", "b", "c"]) writeFileSync(folder.join("source", name), noise(75 * MiB, name));
    const options = ["--name", "big", "--part-size", "4Mi", "--level", "1"];
    const report = await exportTree([folder.join("source"), folder.path, ...options]);
    size = report.archive?.size ?? 0;
    assert.ok(size >= 200 * MiB);
    expectExit(await shell('cat "$1"/parts/* > "$2"', [location, folder.join("joined")]), 0);
    digest = digestOf(folder.join("joined"));
    largestPart = Math.max(
      ...readdirSync(`${location}/parts`).map((part) => statSync(`${location}/parts/${part}`).size),
    );
    server = await startExportServer({ location, name: "big", grant });
  });
  after(async () => {
    await server[Symbol.asyncDispose]();
    await folder[Symbol.asyncDispose]();
  });

  /** A proxy before the server, and a folder of its own. */
  async function badLine(t: TestContext, line: Omit<BadLineOptions, "target" | "seed">) {
    const seed = seedOfRun();
    const proxy = await startBadLine({ target: server.origin, seed, ...line });
    const work = temporaryFolder();
    t.after(async () => {
      await proxy[Symbol.asyncDispose]();
      await work[Symbol.asyncDispose]();
    });
    t.diagnostic(`seed ${seed}`);
    return { proxy, file: work.join("big.tar.zst"), work, url: proxy.through(server.url("big.tar.zst")) };
  }

  function expectWhole(file: string): void {
    assert.equal(digestOf(file), digest);
    assert.ok(!existsSync(`${file}.partial`) && !existsSync(`${file}.partial.json`));
  }

  test("with every fault there is ends with the right bytes", async (t) => {
    const faults = { cut: often, truncate: often, stall: 3, flip: 30 };
    const { proxy, file, url } = await badLine(t, { faults, everyBytes: 2 * MiB });
    const args = ["download", url, "-o", file, "--connections", "4", "--timeout", "2"];
    const result = expectExit(await longshore(args, { timeoutMs: 240_000 }), 0);
    expectWhole(file);
    expectNoSecret(result);
    t.diagnostic(JSON.stringify({ ...proxy.happened, sent: proxy.bytesSent(), size }));
    for (const [fault, times] of Object.entries(proxy.happened)) assert.ok(times > 0, `no ${fault} happened`);
    const again = expectExit(await longshore(args), 0);
    assert.match(again.stderr, /already there/);
  });

  test("killed at ten random instants goes on, and fetches a part per connection again at most", async (t) => {
    const random = seededRandom(seedOfRun());
    const { proxy, file, url } = await badLine(t, {
      faults: {},
      everyBytes: often,
      bytesPerSecond: 40 * MiB,
    });
    const args = ["download", url, "-o", file, "--connections", `${connections}`];
    for (let kills = 0; kills < 10; kills++) {
      const running = startLongshore(args);
      const enough = proxy.bytesSent() + 1 + random() * 24 * MiB;
      await until("some of it has come", () => proxy.bytesSent() > enough);
      running.signal("SIGKILL");
      assert.equal((await running.done).signal, "SIGKILL");
      assert.ok(!existsSync(file));
    }
    const { stderr } = expectExit(await longshore(args), 0);
    expectWhole(file);
    assert.match(stderr, /from an interrupted download/);
    const again = proxy.bytesSent() - size;
    t.diagnostic(`${again} bytes were sent again; ${stderr}`);
    const manifests = 11 * statSync(`${location}/manifest.json`).size;
    assert.ok(again <= 10 * connections * largestPart + manifests, `${again} bytes were fetched again`);
  });

  test("interrupted by Ctrl-C ends with 130 and goes on later", async (t) => {
    const { proxy, file, url } = await badLine(t, {
      faults: {},
      everyBytes: often,
      bytesPerSecond: 40 * MiB,
    });
    const running = startLongshore(["download", url, "-o", file]);
    await until("some of it has come", () => proxy.bytesSent() > 30 * MiB);
    const told = performance.now();
    running.signal("SIGINT");
    const result = expectExit(await running.done, 130);
    // Whoever can't end by himself in a second and a half is ended, and says no more.
    if (result.stderr === "")
      assert.ok(performance.now() - told >= 1500, "it ended in time and said nothing");
    else assert.match(expectOneSentence(result), /interrupted.*same command/);
    expectNoSecret(result);
    const before = proxy.bytesSent();
    const state = readFileSync(`${file}.partial.json`, "utf8");
    assert.ok(!state.includes("secret") && !state.includes("http"));
    assert.match(expectExit(await longshore(["download", url, "-o", file]), 0).stderr, /from an interrupted/);
    expectWhole(file);
    assert.ok(proxy.bytesSent() - before < size);
  });

  test("goes to stdout in order, and is called as the export where nobody says", async (t) => {
    const { work, url } = await badLine(t, { faults: { cut: often, truncate: often }, everyBytes: 8 * MiB });
    const piped = await shell('"$1" download "$2" -o - | sha256sum', [longshoreProgram, url], {
      timeoutMs: 240_000,
    });
    assert.equal(expectExit(piped, 0).stdout.toString().slice(0, 64), digest);
    const part = url.replace("big.tar.zst", "parts/1");
    expectExit(await longshore(["download", url], { cwd: work.path }), 0);
    expectExit(await longshore(["download", part], { cwd: work.path }), 0);
    assert.deepEqual(readdirSync(work.path).toSorted(), ["big.part-00000001", "big.tar.zst"]);
    expectWhole(work.join("big.tar.zst"));
  });

  const programs: [program: string, script: string][] = [
    ["curl", 'until curl -sSf -C - -o "$2" "$1" 2>> "$2.log"; do [ "$(wc -l < "$2.log")" -lt 500 ]; done'],
    ["wget", 'wget -q -c --tries=500 --waitretry=0 -O "$2" "$1"'],
    [
      "aria2c",
      'aria2c -q -x8 -s8 -k1M --max-tries=500 --retry-wait=0 -d "$(dirname "$2")" -o "$(basename "$2")" "$1"',
    ],
  ];
  for (const [program, script] of programs) {
    test(
      `where it only cuts ends well with ${program}, too`,
      { skip: missingProgram(program) },
      async (t) => {
        const { proxy, file, url } = await badLine(t, { faults: { cut: often }, everyBytes: 12 * MiB });
        expectExit(await shell(script, [url, file], { timeoutMs: 240_000 }), 0);
        assert.equal(digestOf(file), digest);
        assert.ok(proxy.happened.cut > 5, `only ${proxy.happened.cut} cuts happened`);
      },
    );
  }
});

suite("a download that can't be", () => {
  const folder = temporaryFolder();
  let server: ExportServer;
  const file = folder.join("file");

  before(async () => {
    mkdirSync(folder.join("source"));
    writeFileSync(folder.join("source/a"), "content");
    await exportTree([folder.join("source"), folder.path, "--name", "small"]);
    server = await startExportServer({ location: folder.join("small"), name: "small", grant });
  });
  after(async () => {
    await server[Symbol.asyncDispose]();
    await folder[Symbol.asyncDispose]();
  });

  const refused: [what: string, url: (right: string) => string, code: number, says: RegExp][] = [
    ["of another grant", (right) => right.replace("the-secret", "another-secret"), 1, /grant.*new one/],
    ["without a grant", (right) => right.replace(/\?.*/, ""), 1, /grant/],
    ["of another export", (right) => right.replaceAll("small", "large"), 1, /grant|not there/],
    [
      "of a file that is not there",
      (right) => right.replace("small.tar.zst", "files/nothing"),
      1,
      /not there/,
    ],
    ["of a URL that is none", (right) => right.replace("/d/", "/x/"), 2, /no download URL/],
    ["with a password", (right) => right.replace("//", "//me:secret@"), 2, /password/],
  ];
  for (const [what, url, code, says] of refused) {
    test(`${what} says so in one sentence, without the secret`, async () => {
      const args = ["download", url(server.url("small.tar.zst")), "-o", file];
      const result = expectExit(await longshore(args), code);
      assert.match(expectOneSentence(result), says);
      expectNoSecret(result);
      expectNoSecret(await longshore([...args, "--verbose"]));
      assert.ok(!existsSync(file) && !existsSync(`${file}.partial`));
    });
  }

  test("has its grant from the environment as well, but only for the server it is of", async () => {
    const [url = ""] = server.url("small.tar.zst").split("?");
    const elsewhere = { LONGSHORE_TOKEN: grant, LONGSHORE_SERVER: "http://exports.example.com" };
    expectExit(await longshore(["download", url, "-o", file], { env: elsewhere }), 1);
    assert.ok(server.requests.every(({ headers }) => headers.authorization === undefined));
    expectExit(await longshore(["download", url, "-o", file], { env: { LONGSHORE_TOKEN: grant } }), 0);
    const parts = await shell('cat "$1"/parts/* | sha256sum', [folder.join("small")]);
    assert.equal(digestOf(file), parts.stdout.toString().slice(0, 64));
  });

  test(
    "over a certificate that nobody trusts is refused, with one that is named trusted it is not",
    {
      skip: missingProgram("openssl"),
    },
    async () => {
      const [key, certificate] = [folder.join("key.pem"), folder.join("certificate.pem")];
      const subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"];
      const made = [
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-days",
        "2",
        "-keyout",
        key,
        "-out",
        certificate,
      ];
      expectExit(await run("openssl", [...made, ...subject]), 0);
      const tls = { key: readFileSync(key), cert: readFileSync(certificate) };
      await using safe = await startExportServer({
        location: folder.join("small"),
        name: "small",
        grant,
        tls,
      });
      const args = ["download", safe.url("small.tar.zst"), "-o", folder.join("safe")];
      assert.match(
        expectOneSentence(expectExit(await longshore(args), 1)),
        /not trusted.*NODE_EXTRA_CA_CERTS/,
      );
      expectExit(await longshore(args, { env: { NODE_EXTRA_CA_CERTS: certificate } }), 0);
    },
  );
});

function expectNoSecret({ stdout, stderr }: Result): void {
  assert.doesNotMatch(stdout.toString() + stderr, /secret/);
}

/** Bytes that no compression makes smaller. */
function noise(length: number, seed: string): Buffer {
  return createCipheriv("aes-128-ctr", Buffer.alloc(16, `${seed}.`), Buffer.alloc(16)).update(
    Buffer.alloc(length),
  );
}
