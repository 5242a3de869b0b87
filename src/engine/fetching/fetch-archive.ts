/** Downloads the archive of an export: part by part over several connections, each checked, to a file that appears when it is whole. */
import { outputError } from "../reading/output-error.ts";
import { isJoined } from "../verify/joined-file.ts";
import { type Archive, archiveOf, type ArchivePart } from "./archive.ts";
import { fetchManifest } from "./fetch-manifest.ts";
import { damagedPart, fetchPart, type PartWork } from "./fetch-part.ts";
import { mendPart } from "./mend-part.ts";
import { inLanes } from "./lanes.ts";
import { leftOver, type LeftOver } from "./left-over.ts";
import { openPartialFile, type PartialFile } from "./partial-file.ts";
import { type RemoteFile, remoteFile } from "./remote-file.ts";
import { assertSameExport } from "./replaced-export.ts";
import { type DownloadCall, type DownloadReport, openSession, type Session } from "./session.ts";
import { ArchiveState, readState } from "./state-file.ts";
import { keepState, type StateKeeper } from "./state-keeper.ts";
import {
  giveName,
  removeEmpty,
  removeIfThere,
  sizeOf,
  targetExists,
  type TargetFile,
  targetFile,
} from "./target-file.ts";

/**
 * Goes on from whatever an interrupted call left beside `file`. Throws TargetExists, NoArchive, Damaged, ExportReplaced,
 * DownloadIncomplete, ServerUnreachable, and what the server's refusals and the system's errors mean.
 */
export async function fetchArchive(
  call: DownloadCall,
  file: string,
  signal: AbortSignal,
): Promise<DownloadReport> {
  const session = openSession(call);
  const archive = archiveOf(await fetchManifest(session, signal), call.target.shown);
  const { size, parts } = archive;
  session.tally.set({ totalBytes: size });
  const target = targetFile(file);
  if ((await sizeOf(file)) !== undefined) {
    if (!(await isJoined(file, parts, signal))) throw targetExists(file);
    await removeIfThere(target.state);
    return { size, kept: size, alreadyThere: true, isProved: true };
  }
  const kept = await fetchAll({ session, archive, target, connections: call.connections }, signal);
  await giveName(target);
  return { size, kept, alreadyThere: false, isProved: true };
}

interface ArchiveWork {
  readonly session: Session;
  readonly archive: Archive;
  readonly target: TargetFile;
  readonly connections: number;
}

/** Says how many bytes were there before. */
async function fetchAll(work: ArchiveWork, signal: AbortSignal): Promise<number> {
  const { session, archive, target } = work;
  const { server } = session;
  await using file = await openPartialFile(target.partial, archive.size);
  const left = leftOver(archive, await readState(target.state, ArchiveState), file.stampAtFirst);
  const remote = remoteFile(server.target.url, { isProvable: true, size: archive.size, etag: left.etag });
  const keeper = keepState({
    path: target.state,
    archive,
    ...left,
    etag: () => remote.etag,
    now: () => server.timing.now(),
  });
  file.observeFlushes(() => keeper.beginFlush());
  try {
    const kept = await fetchParts(work, { file, keeper, left, remote }, signal);
    await file.flush();
    return kept;
  } catch (error) {
    await settle({ file, keeper, target }, signal);
    throw outputError(error, target.partial);
  }
}

interface Growing {
  readonly file: PartialFile;
  readonly keeper: StateKeeper;
}

async function fetchParts(
  { session, archive, connections }: ArchiveWork,
  { file, keeper, left, remote }: Growing & { readonly left: LeftOver; readonly remote: RemoteFile },
  signal: AbortSignal,
): Promise<number> {
  const { server, patience, tally } = session;
  const toFetch = archive.parts.filter(({ number }) => !left.done.has(number));
  let kept = archive.size - toFetch.reduce((sum, part) => sum + part.size, 0);
  tally.add({ bytes: kept, kept });
  const { manifestSha256 } = archive;
  const whenChanged = (at: AbortSignal): Promise<void> =>
    assertSameExport(session, { file: remote, manifestSha256 }, at);
  const work = async (parts: Iterable<ArchivePart>, at: AbortSignal): Promise<void> => {
    const fetching = { server, lane: patience.newLane(), file: remote, whenChanged };
    tally.add({ connections: 1 });
    for (const part of parts) {
      const found = left.running.get(part.number) ?? 0;
      const had = await obtainPart(part, { fetching, file, keeper, tally, left: found }, at);
      kept += had;
    }
    tally.add({ connections: -1 });
  };
  await inLanes(toFetch, { count: Math.min(connections, toFetch.length), work }, signal);
  return kept;
}

/** Says how many of its bytes were there before. Throws Damaged where the server's own bytes are wrong. */
async function obtainPart(
  part: ArchivePart,
  work: PartWork & { readonly left: number },
  signal: AbortSignal,
): Promise<number> {
  const { fetching, keeper, tally } = work;
  const { kept, isRight, sums } = await fetchPart(part, work, signal);
  if (!isRight) {
    tally.add({ kept: -kept });
    if (!(await mendPart(part, { ...work, sums }, signal))) {
      await fetching.whenChanged(signal);
      throw damagedPart(part, fetching.server.target.shown);
    }
  }
  await keeper.checked(part);
  return isRight ? kept : 0;
}

/** Leaves a state that the next call believes. What ended this one is what counts, also where this fails too. */
async function settle(
  { file, keeper, target }: Growing & { readonly target: TargetFile },
  signal: AbortSignal,
): Promise<void> {
  try {
    // Ctrl-C promises two seconds, and a slow disk may need more.
    if (!signal.aborted) await file.flush();
    await keeper.settle(file);
    await removeEmpty(target);
  } catch {
    // The state that stands is older, and no less true.
  }
}
