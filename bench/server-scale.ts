/**
 * How a server with many exports feels: list, watch, and the reconcile of one, with 5,000 in its store, and its memory.
 *   npm run bench:server -- [exports]
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { temporaryFolder } from "../test/fixtures/run.ts";
import {
  createExport,
  getExport,
  reasonOf,
  type RunningServer,
  startServer,
} from "../test/fixtures/server.ts";
import { median } from "./statistics.ts";

const count = Number(process.argv[2] ?? 5000);
const rounds = 9;

await using work = temporaryFolder();
const source = work.join("allowed/source");
mkdirSync(source, { recursive: true });
writeFileSync(join(source, "file"), "content");
await using server = await startServer({ folder: work.path, allow: [work.join("allowed")] });
const spec = {
  source: { directory: { path: source } },
  destination: { directory: { path: work.join("allowed/handover") } },
};

const began = performance.now();
for (let first = 0; first < count; first += 50)
  await Promise.all(
    Array.from({ length: Math.min(50, count - first) }, (_, i) =>
      createExport(server, `waiting-${first + i}`, { ...spec, suspend: true }),
    ),
  );
await untilReason(server, `waiting-${count - 1}`, "Suspended");
say(`${count} exports made and reconciled`, [performance.now() - began], "total");

const lists: number[] = [];
const gets: number[] = [];
const reconciles: number[] = [];
const events: number[] = [];
for (let round = 0; round < rounds; round++) {
  lists.push(await timed(() => server.api("GET", "/namespaces/default/exports?limit=500")));
  gets.push(await timed(() => getExport(server, `waiting-${round}`)));
  reconciles.push(
    await timed(async () => {
      await createExport(server, `new-${round}`, { ...spec, suspend: true });
      await untilReason(server, `new-${round}`, "Suspended");
    }),
  );
  events.push(await eventLatency(server, `waiting-${round}`));
}
say("list of 500", lists);
say("get of one", gets);
say("create of one until its status stands", reconciles);
say("change of one until its event arrives", events);
say(
  "list of all, page by page",
  [
    await timed(async () => {
      for (let next: string | undefined = ""; next !== undefined;) {
        const query: string = next === "" ? "" : `&continue=${encodeURIComponent(next)}`;
        const page = (await server.api("GET", `/namespaces/default/exports?limit=500${query}`)).body as {
          metadata: { continue?: string };
        };
        next = page.metadata.continue;
      }
    }),
  ],
  "total",
);
const status = readFileSync(`/proc/${server.pid}/status`, "utf8");
for (const field of ["VmRSS", "VmHWM"])
  process.stdout.write(
    `${field} of the server: ${/\d+/.exec(status.slice(status.indexOf(field)))?.[0]} KiB\n`,
  );

async function timed(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

function say(what: string, times: readonly number[], kind = `median of ${times.length}`): void {
  process.stdout.write(`${what}: ${median(times).toFixed(1)} ms (${kind})\n`);
}

async function untilReason(on: RunningServer, name: string, reason: string): Promise<void> {
  while (reasonOf(await getExport(on, name)) !== reason);
}

/** From sending a change to reading its event on a stream that was open before. */
async function eventLatency(on: RunningServer, name: string): Promise<number> {
  const stopped = new AbortController();
  const response = await fetch(`${on.url}/api/v1/namespaces/default/exports/${name}/events`, {
    headers: { authorization: `Bearer ${on.token}` },
    signal: stopped.signal,
  });
  if (response.body === null) throw new Error("the events have no body");
  const reader = response.body.getReader();
  const decoder = new TextDecoder();
  await reader.read();
  const start = performance.now();
  const change = on.api("PATCH", `/namespaces/default/exports/${name}`, {
    spec: { ttlSecondsAfterFinished: Math.round(start) },
  });
  for (let text = ""; !text.includes("MODIFIED");) {
    const { value, done } = await reader.read();
    if (done) throw new Error("the events ended");
    text += decoder.decode(value, { stream: true });
  }
  const latency = performance.now() - start;
  await change;
  stopped.abort();
  return latency;
}
