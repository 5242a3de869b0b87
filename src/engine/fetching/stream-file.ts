/** Hands out a single file of an export in order, checked against its digest where one is known. */
import { createHash } from "node:crypto";
import { LongshoreError } from "../../domain/errors.ts";
import { askDigest } from "./ask-digest.ts";
import { knownFile } from "./fetch-file.ts";
import { fetchInto } from "./fetch-into.ts";
import { forget } from "./remote-file.ts";
import { type DownloadCall, type DownloadReport, openSession } from "./session.ts";

/** Throws as `fetchFile`; Damaged or ExportReplaced when bytes have already gone out. */
export async function streamFile(
  call: DownloadCall,
  write: (bytes: Uint8Array) => Promise<void>,
  signal: AbortSignal,
): Promise<DownloadReport> {
  const session = openSession(call);
  const { server, patience, tally } = session;
  const { shown } = server.target;
  const file = await knownFile(session, signal);
  const hash = createHash("sha256");
  let position = 0;
  const sink = {
    end: undefined,
    position: () => position,
    take: async (bytes: Uint8Array) => {
      hash.update(bytes);
      position += bytes.length;
      tally.set({ totalBytes: file.size });
      await write(bytes);
      tally.add({ bytes: bytes.length });
    },
  };
  const whenChanged = async (): Promise<void> => {
    if (position > 0)
      throw new LongshoreError("ExportReplaced", `${shown} became another file while it was sent out`);
    forget(file);
  };
  tally.add({ connections: 1 });
  await fetchInto({ server, lane: patience.newLane(), file, whenChanged }, sink, signal);
  await askDigest(session, file, signal);
  if (file.sha256 !== undefined && hash.digest("hex") !== file.sha256)
    throw new LongshoreError("Damaged", `${shown} did not come with the digest that it should have`, {
      hint: "run the same command again",
    });
  return { size: position, kept: 0, alreadyThere: false, isProved: file.sha256 !== undefined };
}
