/** Hands out the archive of an export in order, checking each part on the way. */
import { createHash } from "node:crypto";
import { archiveOf, type ArchivePart } from "./archive.ts";
import { fetchInto, type Fetching } from "./fetch-into.ts";
import { fetchManifest } from "./fetch-manifest.ts";
import { damagedPart } from "./fetch-part.ts";
import { remoteFile } from "./remote-file.ts";
import { assertSameExport } from "./replaced-export.ts";
import { type DownloadCall, type DownloadReport, openSession } from "./session.ts";

/** Throws as `fetchArchive`; Damaged when bytes of a bad part have already gone out. */
export async function streamArchive(
  call: DownloadCall,
  write: (bytes: Uint8Array) => Promise<void>,
  signal: AbortSignal,
): Promise<DownloadReport> {
  const session = openSession(call);
  const { server, patience, tally } = session;
  const { parts, size, manifestSha256 } = archiveOf(
    await fetchManifest(session, signal),
    server.target.shown,
  );
  const file = remoteFile(server.target.url, { isProvable: true, size });
  tally.set({ totalBytes: size });
  tally.add({ connections: 1 });
  const fetching: Fetching = {
    server,
    lane: patience.newLane(),
    file,
    whenChanged: (at) => assertSameExport(session, { file, manifestSha256 }, at),
  };
  const counted = async (bytes: Uint8Array): Promise<void> => {
    await write(bytes);
    tally.add({ bytes: bytes.length });
  };
  for (const part of parts) {
    if (await streamPart(part, { fetching, write: counted }, signal)) continue;
    await fetching.whenChanged(signal);
    throw damagedPart(part, server.target.shown);
  }
  return { size, kept: 0, alreadyThere: false, isProved: true };
}

async function streamPart(
  { offset, size, sha256 }: ArchivePart,
  { fetching, write }: { fetching: Fetching; write: (bytes: Uint8Array) => Promise<void> },
  signal: AbortSignal,
): Promise<boolean> {
  const hash = createHash("sha256");
  let position = offset;
  const sink = {
    end: offset + size,
    position: () => position,
    take: async (bytes: Uint8Array) => {
      hash.update(bytes);
      position += bytes.length;
      await write(bytes);
    },
  };
  await fetchInto(fetching, sink, signal);
  return hash.digest("hex") === sha256;
}
