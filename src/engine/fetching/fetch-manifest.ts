/** Fetches manifest.json of the export that a URL belongs to, and checks it as far as it proves itself. */
import { manifestName } from "../../domain/record-names.ts";
import { LongshoreError } from "../../domain/errors.ts";
import { sha256 } from "../digest.ts";
import { type OpenManifest, parseManifest } from "../reading/open-export.ts";
import { shownUrl, siblingUrl } from "./download-url.ts";
import { fetchInto } from "./fetch-into.ts";
import { forget, type RemoteFile, remoteFile } from "./remote-file.ts";
import type { Session } from "./session.ts";

/** Twice what ten thousand parts need, and more. */
const largestManifest = 64 * 1024 * 1024;
const mostTries = 5;

/** Throws Damaged, NewerFormat, and what ends a download. */
export async function fetchManifest(session: Session, signal: AbortSignal): Promise<OpenManifest> {
  const url = siblingUrl(session.server.target, manifestName);
  const subject = shownUrl(url);
  for (let tries = 1; ; tries++) {
    const file = remoteFile(url);
    const bytes = await fetchWhole(session, file, signal);
    // A byte that changed on the way would otherwise condemn a part that is right.
    const isSound = file.sha256 === undefined || sha256(bytes) === file.sha256;
    try {
      if (isSound) return proved(parseManifest(bytes, subject), subject);
    } catch (error) {
      if (file.sha256 !== undefined || tries >= mostTries) throw error;
    }
    if (tries >= mostTries) throw damaged(`${subject} does not have the digest that the server says`);
  }
}

async function fetchWhole(session: Session, file: RemoteFile, signal: AbortSignal): Promise<Uint8Array> {
  let chunks: Uint8Array[] = [];
  let length = 0;
  const sink = {
    end: undefined,
    position: () => length,
    take: async (bytes: Uint8Array) => {
      chunks.push(bytes);
      length += bytes.length;
      if (length > largestManifest)
        throw damaged(
          `${shownUrl(file.url)} is far too large for a manifest (more than ${largestManifest} bytes)`,
        );
    },
  };
  const whenChanged = async (): Promise<void> => {
    chunks = [];
    length = 0;
    forget(file);
  };
  const { server, patience } = session;
  await fetchInto({ server, lane: patience.newLane(), file, whenChanged }, sink, signal);
  return Buffer.concat(chunks);
}

/** The manifest has a digest of all of it that does not depend on the run. */
function proved(opened: OpenManifest, subject: string): OpenManifest {
  const { contentDigest, run: _run, ...content } = opened.rawManifest;
  if (sha256(JSON.stringify(content)) === contentDigest) return opened;
  throw damaged(`${subject} is not as it must be: its contentDigest is not that of its content`);
}

const damaged = (message: string): LongshoreError =>
  new LongshoreError("Damaged", message, { hint: "ask whoever made the export to run `longshore verify`" });
