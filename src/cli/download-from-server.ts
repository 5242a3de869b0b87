/** `longshore download URL`: fetches from a server what a grant allows. */
import { resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { formatBytes } from "../domain/quantity.ts";
import type { DownloadUrl } from "../engine/fetching/download-url.ts";
import type { DownloadProgress } from "../engine/fetching/progress-tally.ts";
import type { DownloadCall, DownloadReport } from "../engine/fetching/session.ts";
import type { CliContext } from "./context.ts";
import { type ProgressState, showProgress } from "./progress.ts";

export interface ServerDownload {
  readonly url: string;
  /** "-" for stdout. */
  readonly output?: string | undefined;
  readonly connections: number;
  /** Seconds without a byte after which a connection is made anew. */
  readonly timeout: number;
}

export async function downloadFromServer(context: CliContext, options: ServerDownload): Promise<void> {
  const { stdout, stderr, signal } = context;
  const [{ parseDownloadUrl }, { fileNameOf }] = await Promise.all([
    import("../engine/fetching/download-url.ts"),
    import("../engine/fetching/file-name.ts"),
  ]);
  const target = parseDownloadUrl(options.url);
  const bar = { progress: nothingYet };
  await using progress = showProgress(stderr, "downloading", () => stateOf(bar.progress), Date.now);
  const call: DownloadCall = {
    target,
    token: tokenFor(target, context),
    connections: options.connections,
    timing: {
      now: Date.now,
      random: Math.random,
      sleep: (milliseconds, at) => sleep(milliseconds, undefined, { signal: at }),
      stallMs: options.timeout * 1000,
    },
    onProgress: (now) => {
      const isNew = now.waiting !== undefined && bar.progress.waiting === undefined;
      bar.progress = now;
      if (isNew && !stderr.isTerminal) void stderr.write(`longshore: waiting: ${now.waiting}\n`);
    },
  };
  if (options.output === "-") {
    const { stream } = await transfersFor(target);
    await stream(call, (bytes) => stdout.write(bytes), signal);
    return;
  }
  const file = resolve(options.output ?? fileNameOf(target));
  const { fetch } = await transfersFor(target);
  const report = await fetch(call, file, signal);
  await progress.clear();
  await stderr.write(`${file}: ${formatBytes(report.size)}, ${outcomeOf(report, target)}\n`);
}

/** Each with the modules that it needs, loaded when it is needed. */
async function transfersFor({ file }: DownloadUrl) {
  if (file.kind === "archive") {
    const [{ fetchArchive }, { streamArchive }] = await Promise.all([
      import("../engine/fetching/fetch-archive.ts"),
      import("../engine/fetching/stream-archive.ts"),
    ]);
    return { fetch: fetchArchive, stream: streamArchive };
  }
  const [{ fetchFile }, { streamFile }] = await Promise.all([
    import("../engine/fetching/fetch-file.ts"),
    import("../engine/fetching/stream-file.ts"),
  ]);
  return { fetch: fetchFile, stream: streamFile };
}

/** LONGSHORE_TOKEN is for LONGSHORE_SERVER where that is set: a URL from somewhere else must not get hold of it. */
function tokenFor({ url }: DownloadUrl, { server }: CliContext): string | undefined {
  if (server.url === undefined || !URL.canParse(server.url)) return server.token;
  const own = new URL(server.url);
  // A port of its own for downloads is fine; a step down from https is not.
  const isSafe = url.protocol === "https:" || own.protocol === url.protocol;
  return own.hostname === url.hostname && isSafe ? server.token : undefined;
}

const nothingYet: DownloadProgress = {
  bytes: 0,
  totalBytes: undefined,
  kept: 0,
  connections: 0,
  waiting: undefined,
};

function stateOf({ bytes, totalBytes, kept, connections, waiting }: DownloadProgress): ProgressState {
  const atWork = connections === 0 ? "" : `${connections} connection${connections === 1 ? "" : "s"}`;
  return {
    done: bytes,
    before: kept,
    total: totalBytes ?? bytes,
    open: totalBytes === undefined,
    note: waiting === undefined ? atWork : `waiting: ${waiting}`,
  };
}

function outcomeOf({ kept, alreadyThere, isProved }: DownloadReport, { file }: DownloadUrl): string {
  const what = file.kind === "archive" ? "archive" : "file";
  if (alreadyThere) return `every byte checked, was already there and is this ${what}`;
  const checked = isProved
    ? file.kind === "archive"
      ? "every part checked"
      : "every byte checked"
    : "not checked, for the server gives no digest of it";
  return `${checked}, written${kept === 0 ? "" : `, ${formatBytes(kept)} of it from an interrupted download`}`;
}
