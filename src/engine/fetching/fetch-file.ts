/** Downloads a single file of an export, a part, an entry or a record, to a file that appears when it is whole. */
import { manifestName } from "../../domain/record-names.ts";
import { LongshoreError } from "../../domain/errors.ts";
import { outputError } from "../reading/output-error.ts";
import { isJoined } from "../verify/joined-file.ts";
import { askDigest } from "./ask-digest.ts";
import { askServer } from "./ask-server.ts";
import { fetchInto } from "./fetch-into.ts";
import { fetchManifest } from "./fetch-manifest.ts";
import { type FileSink, fileSink } from "./file-sink.ts";
import { openPartialFile, type PartialFile } from "./partial-file.ts";
import { forget, learn, mayResume, type RemoteFile, remoteFile } from "./remote-file.ts";
import { type DownloadCall, type DownloadReport, openSession, type Session } from "./session.ts";
import { readState, SingleState, writeState } from "./state-file.ts";
import {
  giveName,
  removeEmpty,
  removeIfThere,
  sizeOf,
  targetExists,
  type TargetFile,
  targetFile,
} from "./target-file.ts";

const mostTries = 5;

/**
 * Goes on from what an interrupted call left beside `file`, where the server's file still has the same tag or its digest is
 * known. Throws as `fetchArchive`, but for NoArchive.
 */
export async function fetchFile(
  call: DownloadCall,
  file: string,
  signal: AbortSignal,
): Promise<DownloadReport> {
  const session = openSession(call);
  const remote = await knownFile(session, signal);
  const target = targetFile(file);
  const found = await sizeOf(file);
  if (found !== undefined) {
    await assertSame(session, { remote, file, size: found }, signal);
    await removeIfThere(target.state);
    return { size: found, kept: found, alreadyThere: true, isProved: true };
  }
  const kept = await fetchWhole({ session, remote, target }, signal);
  const size = (await sizeOf(target.partial)) ?? 0;
  await giveName(target);
  return { size, kept, alreadyThere: false, isProved: remote.sha256 !== undefined };
}

/** What the manifest says of a part. Of other files the server's answer has to say it. */
export async function knownFile(session: Session, signal: AbortSignal): Promise<RemoteFile> {
  const { target } = session.server;
  const { file } = target;
  if (file.kind !== "part") return remoteFile(target.url);
  const part = (await fetchManifest(session, signal)).parts.get(file.number);
  if (part === undefined)
    throw new LongshoreError("ResourceNotFound", `${target.shown}: the export has no part ${file.number}`, {
      hint: `its ${manifestName} names them`,
    });
  return remoteFile(target.url, { size: part.size, sha256: part.sha256 });
}

/** Throws TargetExists unless the file is the very one that would be downloaded. */
async function assertSame(
  session: Session,
  { remote, file, size }: { remote: RemoteFile; file: string; size: number },
  signal: AbortSignal,
): Promise<void> {
  const { server, patience } = session;
  const lane = patience.newLane();
  while (remote.sha256 === undefined) {
    const asked = await askServer(server, { url: remote.url, range: undefined, condition: {} }, signal);
    if (asked.kind === "trouble") {
      await lane.failed(asked, signal);
      continue;
    }
    using answered = asked;
    learn(remote, answered);
    if (answered.isForeign) await askDigest(session, remote, signal);
    if (remote.sha256 === undefined) throw targetExists(file);
  }
  if (!(await isJoined(file, [{ number: 0, size, sha256: remote.sha256 }], signal))) throw targetExists(file);
}

interface FileWork {
  readonly session: Session;
  readonly remote: RemoteFile;
  readonly target: TargetFile;
}

/** Says how many bytes were there before. */
async function fetchWhole(work: FileWork, signal: AbortSignal): Promise<number> {
  const { session, target } = work;
  await using file = await openPartialFile(target.partial, undefined);
  try {
    let left = await bytesLeft(work, file);
    for (let damaged = 0; damaged < mostTries;) {
      const { kept, isRight } = await fetchOnce(work, { file, left }, signal);
      if (isRight) {
        await file.flush();
        return kept;
      }
      session.tally.add({ bytes: -session.tally.now().bytes, kept: -kept });
      // What an earlier run left may be to blame, and not the server.
      if (kept === 0) damaged += 1;
      left = 0;
    }
  } catch (error) {
    // What ended the download is what counts, also where this fails too.
    await removeEmpty(target).catch(() => undefined);
    throw outputError(error, target.partial);
  }
  throw new LongshoreError(
    "Damaged",
    `${session.server.target.shown} did not come with the digest that it should have, ${mostTries} times in a row`,
    { hint: "ask whoever made the export to run `longshore verify`" },
  );
}

/** How many of the bytes that are there belong to the server's file, as far as the state tells. */
async function bytesLeft(
  { session, remote, target }: FileWork,
  { sizeAtFirst }: PartialFile,
): Promise<number> {
  // What the manifest says is of today.
  if (isPart(session)) return Math.min(sizeAtFirst, remote.size ?? 0);
  const state = await readState(target.state, SingleState);
  if (state === undefined) return 0;
  const { formatVersion: _formatVersion, kind: _kind, ...known } = state;
  Object.assign(remote, known);
  if (!mayResume(remote)) return 0;
  // The last byte is fetched in any case: the server has to say that it still is the same file.
  return Math.max(0, Math.min(sizeAtFirst, (remote.size ?? Infinity) - 1));
}

const isPart = ({ server }: Session): boolean => server.target.file.kind === "part";

async function fetchOnce(
  { session, remote, target }: FileWork,
  { file, left }: { file: PartialFile; left: number },
  signal: AbortSignal,
): Promise<{ kept: number; isRight: boolean }> {
  const { server, patience, tally } = session;
  const proved = isPart(session) ? { size: remote.size, sha256: remote.sha256 } : {};
  const fresh = (): FileSink =>
    fileSink({ file, offset: 0, end: undefined, onTaken: ({ length }) => tally.add({ bytes: length }) });
  let sink = fresh();
  let kept = left === 0 ? 0 : await sink.takeFromDisk(left, signal);
  tally.add({ kept });
  let isRecorded = false;
  const record = async (): Promise<void> => {
    isRecorded = true;
    if (sink.position() === 0) await file.truncate(0);
    tally.set({ totalBytes: remote.size });
    await writeState(target.state, stateOf(remote));
  };
  const whenChanged = async (): Promise<void> => {
    tally.add({ bytes: -sink.position(), kept: -kept });
    kept = 0;
    sink = fresh();
    isRecorded = false;
    forget(remote);
    Object.assign(remote, proved);
  };
  const whole = {
    end: undefined,
    position: () => sink.position(),
    take: async (bytes: Uint8Array) => {
      if (!isRecorded) await record();
      await sink.take(bytes);
    },
  };
  tally.add({ connections: 1 });
  try {
    await fetchInto({ server, lane: patience.newLane(), file: remote, whenChanged }, whole, signal);
  } finally {
    tally.add({ connections: -1 });
    // What is only gathered would be fetched again; where this fails too, what came first is what counts.
    await sink.finish().catch(() => undefined);
  }
  await file.truncate(sink.position());
  await askDigest(session, remote, signal);
  return { kept, isRight: remote.sha256 === undefined || sink.digest() === remote.sha256 };
}

function stateOf({ etag, storeEtag, size, sha256 }: RemoteFile): SingleState {
  return {
    formatVersion: 1,
    kind: "file",
    ...(etag === undefined ? undefined : { etag }),
    ...(storeEtag === undefined ? undefined : { storeEtag }),
    ...(size === undefined ? undefined : { size }),
    ...(sha256 === undefined ? undefined : { sha256 }),
  };
}
