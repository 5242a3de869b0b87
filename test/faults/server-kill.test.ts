/** A server may die at any instant: nothing acknowledged is lost, and little is done twice. */
import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { contentOf, exportTree } from "../fixtures/exports.ts";
import { mixedBytes } from "../fixtures/mixed-bytes.ts";
import { seedOfRun, seededRandom } from "../fixtures/random.ts";
import { freePort } from "../fixtures/free-ports.ts";
import { expectExit, longshore, missingProgram, shell, temporaryFolder } from "../fixtures/run.ts";
import {
  createExport,
  grantUrl,
  reasonOf,
  type RunningServer,
  startServer,
  untilEnded,
} from "../fixtures/server.ts";

const mebibyte = 1024 * 1024;
const kills = Number(process.env["LONGSHORE_TEST_SERVER_KILLS"] ?? 50);
const workers = 2;
/** Two part sizes and a little for headers. */
const largestPart = 9 * mebibyte;

test(
  `a server killed ${kills} times during exports, downloads and writes of its database loses nothing`,
  { skip: missingProgram("curl"), timeout: 1_800_000 },
  async (t) => {
    await using work = temporaryFolder();
    const source = work.join("allowed/source");
    mkdirSync(source, { recursive: true });
    for (let i = 0; i < 12; i++)
      writeFileSync(join(source, `file-${i}`), mixedBytes((4 + i * 3) * mebibyte, `${i}`));
    await exportTree([source, work.join("undisturbed"), "--name", "x", "--part-size", "4Mi"]);
    const expected = contentOf(work.join("undisturbed/x"));
    const random = seededRandom(seedOfRun());
    const spec = {
      source: { directory: { path: source } },
      destination: { directory: { path: work.join("allowed/handover") } },
      partSize: "4Mi",
      workers: { mode: "Indexed", count: workers },
    };
    const options = { folder: work.path, allow: [work.join("allowed")], port: await freePort() };

    const running = { server: await startServer(options) };
    await using _server = { [Symbol.asyncDispose]: () => running.server[Symbol.asyncDispose]() };
    let { server } = running;
    await createExport(server, "first", spec);
    await untilEnded(server, "first");
    const url = await grantUrl(server, "first");
    const archive = work.join("archive");
    expectExit(await longshore(["download", work.join("allowed/handover/default/first"), "-o", archive]), 0);
    const acknowledged: string[] = [];
    const killed = new Map<string, number>();
    let number = 0;
    for (let kill = 0; kill < kills; kill++) {
      const name = `x-${number}`;
      if (!killed.has(name)) {
        await createExport(server, name, spec);
        killed.set(name, 0);
      }
      killed.set(name, (killed.get(name) ?? 0) + 1);
      const download = shell('curl -sS -C - --limit-rate 200M -o "$2" "$1" || true', [url, work.join("got")]);
      const writes = writeUntilKilled(server, acknowledged, kill);
      await sleep(random() * 700);
      await server.kill();
      await Promise.all([download, writes]);
      server = await startServer(options);
      running.server = server;
      // Now and then one may end, and the next begins.
      if (random() < 0.3) {
        await checkEnded(server, name, killed.get(name) ?? 0);
        number += 1;
      }
    }
    for (const [name, times] of killed) await checkEnded(server, name, times);
    for (const name of killed.keys())
      assert.deepEqual(contentOf(work.join(`allowed/handover/default/${name}`)), expected, name);

    const names = await grantNames(server);
    for (const grant of acknowledged) assert.ok(names.has(grant), `the grant ${grant} was lost`);
    await checkAudit(server, acknowledged);

    // A download that is complete already is answered with 416.
    expectExit(await shell('curl -fsS -C - -o "$2" "$1"', [url, work.join("got")]), 0, 22);
    assert.ok(
      readFileSync(work.join("got")).equals(readFileSync(archive)),
      "the download is not the archive",
    );
    t.diagnostic(`${killed.size} exports, ${acknowledged.length} grants acknowledged, all there`);
  },
);

async function checkEnded(server: RunningServer, name: string, times: number): Promise<void> {
  const ended = await untilEnded(server, name);
  assert.equal(reasonOf(ended), "Completed", JSON.stringify(ended.status));
  const { redone } = (ended.status ?? {})["bytes"] as { redone: number };
  assert.ok(redone <= times * workers * largestPart, `${name}: ${redone} bytes again after ${times} kills`);
}

/** Makes grants until the connection breaks; only what was answered counts. */
async function writeUntilKilled(server: RunningServer, acknowledged: string[], kill: number): Promise<void> {
  for (let i = 0; ; i++) {
    try {
      const answer = await server.api("POST", "/namespaces/default/exports/first/grants", {
        expiresInSeconds: 3600,
        description: `${kill}.${i}`,
      });
      if (answer.status === 201)
        acknowledged.push((answer.body as { metadata: { name: string } }).metadata.name);
    } catch {
      return;
    }
  }
}

async function grantNames(server: RunningServer): Promise<Set<string>> {
  const names = new Set<string>();
  for (let next: string | undefined = ""; next !== undefined;) {
    const query: string = next === "" ? "" : `&continue=${encodeURIComponent(next)}`;
    const page = (await server.api("GET", `/namespaces/default/grants?limit=500${query}`)).body as {
      items: { metadata: { name: string } }[];
      metadata: { continue?: string };
    };
    for (const { metadata } of page.items) names.add(metadata.name);
    next = page.metadata.continue;
  }
  return names;
}

/** Every acknowledged grant has its record, and no number is missing between the records. */
async function checkAudit(server: RunningServer, acknowledged: readonly string[]): Promise<void> {
  const recorded = new Set<string>();
  const ids: number[] = [];
  for (let before: number | undefined; ;) {
    const query = before === undefined ? "" : `&before=${before}`;
    const page = (await server.api("GET", `/audit?limit=1000${query}`)).body as {
      items: { id: number; action: string; name?: string }[];
      next?: number;
    };
    for (const { id, action, name } of page.items) {
      ids.push(id);
      if (action === "issue" && name !== undefined) recorded.add(name);
    }
    if (page.next === undefined) break;
    before = page.next;
  }
  for (const name of acknowledged) assert.ok(recorded.has(name), `no record of the grant ${name}`);
  assert.deepEqual(
    ids,
    ids.toSorted((a, b) => b - a),
  );
  assert.equal(ids.length, (ids[0] ?? 0) - (ids.at(-1) ?? 0) + 1, "records are missing");
}
