/** What all requests of one download share. */
import type { Server } from "./ask-server.ts";
import type { DownloadUrl } from "./download-url.ts";
import { createPatience, type Patience } from "./patience.ts";
import { createTally, type DownloadProgress, type Tally } from "./progress-tally.ts";
import type { Timing } from "./timing.ts";

export interface DownloadCall {
  readonly target: DownloadUrl;
  /** A grant or another token of the server, sent only to the URL's own origin, and only where the URL has no grant. */
  readonly token: string | undefined;
  /** Transfers at once; a single file has one. */
  readonly connections: number;
  readonly timing: Timing;
  readonly onProgress?: (progress: DownloadProgress) => void;
}

export interface DownloadReport {
  readonly size: number;
  /** Bytes that an interrupted download had left, or all of them where there was nothing to do. */
  readonly kept: number;
  readonly alreadyThere: boolean;
  /** Whether every byte was checked against a digest: a server may give none for a single file. */
  readonly isProved: boolean;
}

export interface Session {
  readonly server: Server;
  readonly patience: Patience;
  readonly tally: Tally;
}

/** The same session with its own patience: what is fetched in it is no progress of the download. */
export function besides(session: Session): Session {
  return { ...session, patience: patienceOf(session) };
}

export function openSession({ target, token, timing, onProgress }: DownloadCall): Session {
  const server = { target, token, timing };
  const tally = createTally(onProgress);
  return { server, tally, patience: patienceOf({ server, tally }) };
}

function patienceOf({ server, tally }: Omit<Session, "patience">): Patience {
  const { timing, target } = server;
  const onWaiting = (waiting: string | undefined): void => tally.set({ waiting });
  return createPatience({ timing, subject: target.shown, onWaiting });
}
