/** The download of the joined archive beside nginx, which has it as one file: one receiver, and four at once. */
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { BenchError } from "./bench-error.ts";
import { runScript } from "./children.ts";
import { contest, type Contestant } from "./contest.ts";
import { prepareDataSet } from "./data-set.ts";
import { type BenchServer, startNginx, startOurs } from "./download-servers.ts";
import type { Sample } from "./measure.ts";
import { cpuSecondsOf, peakBytesOf } from "./process-cost.ts";
import { downloadRecipe } from "./recipes.ts";
import { firstLine } from "./tools/version.ts";
import { type Bench, type Outcome, SETTLING_MS } from "./works.ts";
import { removeTree } from "./work-folder.ts";

const STREAMS = [1, 4];
const NGINX = "PATH=$PATH:/usr/sbin:/usr/local/sbin";

interface Archive {
  readonly location: string;
  /** As ours calls it; nginx has it under this name in `location`, too. */
  readonly file: string;
  readonly bytes: number;
  readonly sha256: string;
}

export async function runDownload(bench: Bench, signal: AbortSignal): Promise<readonly Outcome[]> {
  const out = join(bench.folder.results, "download");
  try {
    const archive = await prepareArchive(bench, out, signal);
    const nginx = await findNginx(bench, signal);
    await using ours = await startOurs(archive.location, archive.file);
    await using theirs = nginx === undefined ? undefined : await startTheirs(nginx, archive, out);
    const outcomes: Outcome[] = [];
    for (const streams of STREAMS) {
      const race = { bench, archive, streams };
      const contestants = [
        contestant(race, "longshore", "longshore, downloaded before", async () => ours),
        ...(theirs === undefined || nginx === undefined
          ? []
          : [contestant(race, "nginx", `${nginx.version}, sendfile`, async () => theirs)]),
        firstDownload(race),
      ];
      const title = `${(archive.bytes / 2 ** 30).toFixed(2)} GiB tar.zst, ${streams} at once`;
      const say = (line: string): void => bench.say(`download, ${streams} at once: ${line}`);
      const results = await contest(contestants, { measured: bench.options.runs, warmUp: true, say }, signal);
      outcomes.push({ work: "download", title, results });
    }
    return outcomes;
  } finally {
    await removeTree(out);
  }
}

interface Race {
  readonly bench: Bench;
  readonly archive: Archive;
  readonly streams: number;
}

function contestant(
  race: Race,
  name: "longshore" | "nginx",
  label: string,
  server: () => Promise<BenchServer>,
): Contestant {
  return {
    name,
    label,
    run: async (verify, signal) => {
      const { url, pid } = await server();
      const sample = await measure(race, { url, pid, label }, signal);
      if (verify) await check(race.archive, url, signal);
      return sample;
    },
  };
}

/** Nothing is known yet of the parts, so that each is hashed before its last bytes go out. No goal is set for it. */
function firstDownload(race: Race): Contestant {
  const label = "longshore, first download: every part hashed";
  return {
    name: "longshore",
    label,
    run: async (verify, signal) => {
      await using fresh = await startOurs(race.archive.location, race.archive.file);
      return await contestant(race, "longshore", label, async () => fresh).run(verify, signal);
    },
  };
}

/** Processor time is the server's and the receivers' together; memory is the server's. */
async function measure(
  { bench, archive, streams }: Race,
  { url, pid, label }: { readonly url: string; readonly pid: number; readonly label: string },
  signal: AbortSignal,
): Promise<Sample> {
  await runScript(
    {
      script: 'cat "$DIR"/parts/* "$DIR/$FILE" > /dev/null',
      env: { DIR: archive.location, FILE: archive.file },
    },
    signal,
  );
  const before = await cpuSecondsOf(pid);
  const script =
    'for i in $(seq "$STREAMS"); do curl -sSf -o /dev/null "$URL" & pids="${pids:-} $!"; done; for pid in $pids; do wait "$pid"; done';
  const place = { folder: bench.folder.results, flush: bench.folder.results };
  const sample = await bench.meter.measure(
    { script, env: { URL: url, STREAMS: String(streams) } },
    place,
    signal,
  );
  const server = (await cpuSecondsOf(pid)) - before;
  const gigabytes = (archive.bytes * streams) / 1e9;
  const speed = gigabytes / sample.seconds;
  bench.say(
    `${label}: ${speed.toFixed(2)} GB/s, the server's processor ${(server / gigabytes).toFixed(3)} s/GB`,
  );
  return { ...sample, cpuSeconds: sample.cpuSeconds + server, peakBytes: await peakBytesOf(pid) };
}

async function check({ sha256 }: Archive, url: string, signal: AbortSignal): Promise<void> {
  const found = await runScript({ script: 'curl -sSf "$URL" | sha256sum', env: { URL: url } }, signal);
  if (!found.startsWith(sha256)) throw new BenchError(`${url} gave other bytes`);
}

/** The joined file lies beside the records, where a server of files would have it. */
async function prepareArchive(bench: Bench, out: string, signal: AbortSignal): Promise<Archive> {
  bench.say("download: preparing data");
  const data = await prepareDataSet(bench.folder.data, downloadRecipe(bench.options.scale), signal);
  const longshore = bench.tools.find(({ name }) => name === "longshore");
  if (longshore === undefined) throw new BenchError("the download needs longshore to make an export");
  await runScript({ script: 'mkdir -p "$OUT/tmp"', env: { OUT: out } }, signal);
  await runScript(longshore.fresh.command({ data, out, temporary: join(out, "tmp") }), signal);
  const location = join(out, "bench");
  const file = "bench.tar.zst";
  const script = 'cd "$DIR"; cat parts/* | tee "$FILE" | sha256sum; stat -c %s "$FILE"';
  const [sum = "", size] = (await runScript({ script, env: { DIR: location, FILE: file } }, signal))
    .trim()
    .split("\n");
  // What changed a moment ago is hashed again for each download.
  await setTimeout(SETTLING_MS, undefined, { signal });
  return { location, file, bytes: Number(size), sha256: sum.slice(0, 64) };
}

interface Nginx {
  readonly program: string;
  readonly version: string;
}

async function findNginx(bench: Bench, signal: AbortSignal): Promise<Nginx | undefined> {
  if (!bench.options.peers.includes("nginx")) return undefined;
  const program = await firstLine(`${NGINX} command -v nginx`, signal);
  const version = await firstLine(`${NGINX} nginx -v 2>&1 | sed 's/.*: //; s#/# #'`, signal);
  if (program !== undefined && version !== undefined) return { program, version };
  bench.say("nginx is not installed and is left out");
  return undefined;
}

const startTheirs = ({ program }: Nginx, { location, file }: Archive, out: string): Promise<BenchServer> =>
  startNginx(program, { folder: join(out, "nginx"), root: location, file });
