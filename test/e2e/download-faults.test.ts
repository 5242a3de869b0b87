/** Downloads where something breaks: the line, the stored bytes, the receiver's patience. With the tools that people have. */
import assert from "node:assert/strict";
import { fork } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync, readlinkSync, rmSync, statSync, truncateSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { after, before, describe, test, type TestContext } from "node:test";
import { percentEncoded } from "../../src/engine/blob/metalink-file.ts";
import { type DownloadServer, startDownloadServer } from "../fixtures/download-server.ts";
import { type DownloadSample, makeDownloadSample, type Offer } from "../fixtures/download-sample.ts";
import { flip } from "../fixtures/damage.ts";
import { filesOf } from "../fixtures/exports.ts";
import { type Asked, ask } from "../fixtures/http-ask.ts";
import { seededRandom, seedOfRun } from "../fixtures/random.ts";
import {
  expectExit,
  missingProgram,
  run,
  shell,
  type TemporaryFolder,
  temporaryFolder,
} from "../fixtures/run.ts";

let work: TemporaryFolder;
let sample: DownloadSample;

before(async () => {
  work = temporaryFolder();
  sample = await makeDownloadSample(work);
});
after(() => work[Symbol.asyncDispose]());

const archiveOf = (format: Offer["format"]): Offer =>
  sample.offers.find((offer) => offer.format === format && offer.path.endsWith(`.${format}`)) ??
  assert.fail();

/** A copy of an export that a test may damage. */
async function copyOf(format: Offer["format"], name: string): Promise<string> {
  expectExit(await run("cp", ["-r", sample.locations[format], work.join(name)]), 0);
  return work.join(name);
}

/** Of a file with an odd name, which the list does not spell right: none. */
const sizeOf = (file: string): number => statSync(file, { throwIfNoEntry: false })?.size ?? 0;

/** What came must be right, or plainly not all of it. */
function expectNoLie(answer: Asked, bytes: Buffer, what: string): void {
  if (answer.isWhole && answer.status === 200)
    assert.ok(answer.body.equals(bytes), `${what}: wrong bytes as if they were right`);
  else if (answer.status === 200) assert.ok(answer.body.length < bytes.length, what);
  else assert.equal(answer.status, 500, what);
}

describe("stored bytes that are not right", () => {
  for (const format of ["tar", "tar.gz", "tar.zst", "zip", "files"] as const)
    test(`a flipped byte in an export of ${format} is never given out as right`, async () => {
      const location = await copyOf(format, `flipped-${format}`);
      const random = seededRandom(seedOfRun());
      const stored = filesOf(location).filter(
        (name) => /^(?:parts|files)\//.test(name) && sizeOf(join(location, name)) > 0,
      );
      const offers = sample.offers.filter(
        (offer) => offer.format === format && /^parts|^files|sample/.test(offer.path),
      );
      await using server = await startDownloadServer();
      for (let round = 0; round < 6; round++) {
        const name = stored[Math.floor(random() * stored.length)] ?? assert.fail();
        const damage = {
          name,
          offset: Math.floor(random() * statSync(join(location, name)).size),
          mask: 1 + Math.floor(random() * 255),
        };
        flip(location, damage);
        let found = 0;
        for (const { path, bytes } of offers) {
          const answer = await ask(server.url(location, path));
          expectNoLie(answer, bytes, `${path} with ${JSON.stringify(damage)}`);
          if (!answer.isWhole || answer.status !== 200) found++;
        }
        assert.ok(found > 0, `nobody noticed ${JSON.stringify(damage)}`);
        flip(location, damage);
      }
    });

  test("a part that was proven, and changed afterwards", async () => {
    const location = await copyOf("tar.zst", "proven");
    const { path, bytes } = archiveOf("tar.zst");
    const [name = ""] = readdirSync(join(location, "parts"));
    // So that what was read just now counts as settled, and is remembered.
    await using server = await startDownloadServer({ now: () => Date.now() + 10_000 });
    assert.ok((await ask(server.url(location, path))).body.equals(bytes));
    flip(location, { name: `parts/${name}`, offset: 1000, mask: 1 });
    const answer = await ask(server.url(location, path));
    assert.equal(answer.isWhole, false);
    assert.ok(answer.body.length < statSync(join(location, "parts", name)).size);
  });

  test("a part that is missing, or too short", async () => {
    const { path, bytes } = archiveOf("tar");
    for (const what of ["missing", "short"] as const) {
      const location = await copyOf("tar", what);
      const part = join(location, "parts", readdirSync(join(location, "parts"))[1] ?? "");
      if (what === "missing") rmSync(part);
      else truncateSync(part, 100);
      await using server = await startDownloadServer();
      const answer = await ask(server.url(location, path));
      assert.deepEqual([answer.status, answer.isWhole], [200, false]);
      assert.ok(bytes.subarray(0, answer.body.length).equals(answer.body));
      // Before anything went out there is still time for an error.
      assert.equal((await ask(server.url(location, "parts/1"))).status, 500);
    }
  });
});

describe("a line that breaks", () => {
  /** Cuts each of the first requests for the file after so many bytes. */
  function cutting(bytes: number, requests: number): Promise<DownloadServer> {
    let cut = 0;
    return startDownloadServer({
      exchange: ({ method }) => {
        if (method !== "GET" || cut++ >= requests) return {};
        let left = bytes;
        return { bytesLeft: () => left, onBytes: (count) => void (left -= count) };
      },
    });
  }

  const skipped = (t: TestContext, program: string): boolean => {
    const reason = missingProgram(program);
    if (reason !== false) t.skip(reason);
    return reason !== false;
  };

  /** The big entry of each way to store one, and an archive. */
  const subjects = (): Offer[] => [
    archiveOf("tar.zst"),
    ...sample.offers.filter(({ path, format }) => path === "files/big.bin" && format !== "tar.gz"),
  ];

  test("curl -C - goes on", async (t) => {
    if (skipped(t, "curl")) return;
    for (const [number, { location, path, bytes }] of subjects().entries()) {
      await using server = await cutting(3_000_000, 4);
      const file = work.join(`curl-${number}`);
      let runs = 0;
      for (let code: number | null = -1; code !== 0;) {
        assert.ok(++runs < 20);
        const result = await run("curl", ["-sSf", "-C", "-", "-o", file, server.url(location, path)]);
        ({ code } = expectExit(result, 0, 18));
      }
      assert.ok(readFileSync(file).equals(bytes), path);
      assert.equal(runs, Math.min(5, Math.ceil(bytes.length / 3_000_000)));
      // Once more with nothing left to fetch.
      expectExit(await run("curl", ["-sS", "-C", "-", "-o", file, server.url(location, path)]), 0);
      assert.ok(readFileSync(file).equals(bytes), path);
    }
  });

  test("wget -c goes on, and keeps the time", async (t) => {
    if (skipped(t, "wget")) return;
    for (const [number, { location, path, bytes }] of subjects().entries()) {
      await using server = await cutting(3_000_000, 4);
      const file = work.join(`wget-${number}`);
      const args = [
        "-nv",
        "-c",
        "-t",
        "20",
        "--waitretry=0",
        "--no-proxy",
        "-O",
        file,
        server.url(location, path),
      ];
      expectExit(await run("wget", args), 0);
      assert.ok(readFileSync(file).equals(bytes), path);
      expectExit(await run("wget", args), 0);
      const head = await ask(server.url(location, path), { method: "HEAD" });
      assert.equal(statSync(file).mtime.toUTCString(), head.headers["last-modified"]);
    }
  });

  test("aria2c -x8 goes on, over eight connections", async (t) => {
    if (skipped(t, "aria2c")) return;
    for (const [number, { location, path, bytes }] of subjects().entries()) {
      await using server = await cutting(700_000, 12);
      const dir = work.join(`aria-${number}`);
      const args = [
        "-x8",
        "-s8",
        "-k1M",
        "-m0",
        "--retry-wait=0",
        "--quiet",
        "--no-conf",
        "--allow-overwrite=false",
      ];
      expectExit(await run("aria2c", [...args, "-d", dir, "-o", "file", server.url(location, path)]), 0);
      assert.ok(readFileSync(join(dir, "file")).equals(bytes), path);
      assert.ok(server.answers.length > 12);
    }
  });

  test("aria2c fetches all files of an export by its metalink, and checks them", async (t) => {
    if (skipped(t, "aria2c")) return;
    await using server = await startDownloadServer();
    const dir = work.join("metalink");
    const args = ["--quiet", "--no-conf", "--follow-metalink=mem", "--check-integrity", "-d", dir];
    expectExit(
      await run("aria2c", [...args, server.url(sample.locations.files, "metalink?grant=x.y_z-")]),
      0,
    );
    for (const [name, bytes] of sample.files) {
      // aria2 leaves an "&" of a name escaped as it stands in the document.
      if (name.includes("&")) continue;
      const shown = /[\n\xff]/.test(name) ? percentEncoded(name) : Buffer.from(name, "latin1").toString();
      assert.ok(readFileSync(join(dir, shown)).equals(bytes), name);
    }
  });

  test("the archive that curl brought is one that the others read", async (t) => {
    if (skipped(t, "curl") || skipped(t, "zstd")) return;
    await using server = await startDownloadServer();
    const { location, path } = archiveOf("tar.zst");
    const listed = await shell('curl -sSf "$1" | zstd -dcq | tar t | grep -c .', [
      server.url(location, path),
    ]);
    assert.equal(Number(expectExit(listed, 0).stdout), sample.files.size + 2);
  });
});

/** Descriptors of this process that are open below a folder. */
function openBelow(folder: string): string[] {
  return readdirSync("/proc/self/fd").flatMap((fd) => {
    try {
      const target = readlinkSync(`/proc/self/fd/${fd}`);
      return target.startsWith(`${folder}/`) ? [target] : [];
    } catch {
      return [];
    }
  });
}

async function askSlowly(port: number, path: string, from: number): Promise<Socket> {
  const socket = connect(port, "127.0.0.1");
  await once(socket, "connect");
  socket.write(`GET ${path} HTTP/1.1\r\nHost: x\r\nRange: bytes=${from}-\r\n\r\n`);
  return socket;
}

/** The next bytes that lie ready, and no more. */
async function readSome(socket: Socket): Promise<number> {
  for (;;) {
    const chunk = socket.read() as Buffer | null;
    if (chunk !== null) return chunk.length;
    await once(socket, "readable");
  }
}

describe("receivers without haste", () => {
  test("one that goes away leaves nothing open", async () => {
    const offers = sample.offers.filter(({ bytes }) => bytes.length > 4_000_000);
    await using server = await startDownloadServer();
    const sockets = [];
    for (const { location, path } of offers) {
      const socket = await askSlowly(server.port, new URL(server.url(location, path)).pathname, 0);
      await readSome(socket);
      sockets.push(socket);
    }
    assert.notDeepEqual(openBelow(work.join("exports")), []);
    for (const socket of sockets) socket.destroy();
    await server.answered(offers.length);
    assert.deepEqual(openBelow(work.join("exports")), []);
    assert.ok(server.answers.every((answer) => "complete" in answer && answer.error === undefined));
  });

  test("a thousand at once take less than 400 MiB", async (t) => {
    const server = fork(join(import.meta.dirname, "../fixtures/download-server.ts"), {
      stdio: ["ignore", "pipe", "inherit", "ipc"],
    });
    t.after(() => server.kill("SIGKILL"));
    const [line] = (await once(server.stdout ?? assert.fail(), "data")) as [Buffer];
    const memory = async (): Promise<number> => {
      server.send("memory");
      const [bytes] = (await once(server, "message")) as [number];
      return bytes / 2 ** 20;
    };
    const idle = await memory();
    const offers = [
      archiveOf("tar.zst"),
      archiveOf("zip"),
      ...sample.offers.filter(({ path, format }) => path === "files/big.bin" && format !== "zip"),
    ];
    const random = seededRandom(seedOfRun());
    const sockets: Socket[] = [];
    for (let i = 0; i < 1000; i++) {
      const { location, path, bytes } = offers[i % offers.length] ?? assert.fail();
      const from = Math.floor((random() * bytes.length) / 4);
      sockets.push(await askSlowly(Number(line), `/${encodeURIComponent(location)}/${path}`, from));
    }
    let received = 0;
    let most = 0;
    for (let round = 0; round < 5; round++) {
      for (const socket of sockets) received += await readSome(socket);
      most = Math.max(most, await memory());
    }
    for (const socket of sockets) socket.destroy();
    t.diagnostic(
      `${sockets.length} slow receivers: ${most.toFixed(0)} MiB resident, ${idle.toFixed(0)} without them; ${(received / 2 ** 20).toFixed(0)} MiB taken`,
    );
    assert.ok(most < 400, `${most} MiB`);
  });
});
