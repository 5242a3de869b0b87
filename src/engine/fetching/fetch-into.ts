/** Brings the bytes of a remote file to a sink, over as many tries as it takes: each goes on where the last was cut. */
import { LongshoreError } from "../../domain/errors.ts";
import { type Answered, askServer, connectionTrouble, type Server } from "./ask-server.ts";
import type { Lane } from "./patience.ts";
import { learn, mayResume, type RemoteFile, type Slice, sliceOf } from "./remote-file.ts";
import { trouble, type Trouble } from "./trouble.ts";

export interface Sink {
  /** The next byte that is wanted, counted from the file's beginning. */
  position(): number;
  /** After the last byte wanted; undefined: all there are. */
  readonly end: number | undefined;
  take(bytes: Uint8Array): Promise<void>;
}

export interface Fetching {
  readonly server: Server;
  readonly lane: Lane;
  readonly file: RemoteFile;
  /**
   * The server has another file than before under this URL. Either throws, or sees to it that the file is forgotten and that
   * the sink is at a position that holds all the same.
   */
  readonly whenChanged: (signal: AbortSignal) => Promise<void>;
}

/** Throws what ends a download: DownloadIncomplete, ServerFailed, GrantExpired and the like, and what the sink throws. */
export async function fetchInto(fetching: Fetching, sink: Sink, signal: AbortSignal): Promise<void> {
  let furthest = sink.position();
  const counted: Sink = {
    end: sink.end,
    position: () => sink.position(),
    take: async (bytes) => {
      await sink.take(bytes);
      if (sink.position() <= furthest) return;
      furthest = sink.position();
      fetching.lane.progressed();
    },
  };
  while (!isComplete(fetching.file, sink)) {
    const outcome = await tryOnce(fetching, counted, signal);
    if (outcome === "complete") return;
    await fetching.lane.failed(outcome, signal);
  }
}

function isComplete({ size }: RemoteFile, sink: Sink): boolean {
  const end = sink.end ?? size;
  return end !== undefined && sink.position() >= end;
}

async function tryOnce(fetching: Fetching, sink: Sink, signal: AbortSignal): Promise<"complete" | Trouble> {
  const { file, server, whenChanged } = fetching;
  if (sink.position() > 0 && !mayResume(file)) await whenChanged(signal);
  const answered = await askServer(server, { url: file.url, ...asked(file, sink) }, signal);
  if (answered.kind === "trouble") return answered;
  using answer = answered;
  const { status } = answer.answer;
  if (status === 416 && file.isProvable) throw tooShort(server);
  if (status === 416 && isEmpty(answer, sink)) return "complete";
  if (isOfAnother(answer, file, sink)) {
    await whenChanged(signal);
    if (status !== 200) return trouble("the file on the server is another one now");
    learn(file, answer);
  }
  return await takeBody(fetching, { answer, sink }, signal);
}

function isOfAnother(answer: Answered, file: RemoteFile, sink: Sink): boolean {
  const { status } = answer.answer;
  if (status === 412 || status === 416 || !learn(file, answer)) return true;
  // So answers If-Range where the file changed (RFC 9110 section 13.1.5).
  return status === 200 && sink.position() > 0 && !file.isProvable;
}

/** An empty file has no range at all. */
const isEmpty = ({ answer }: Answered, sink: Sink): boolean =>
  sink.position() === 0 && answer.headers["content-range"] === "bytes */0";

const tooShort = ({ target }: Server): LongshoreError =>
  new LongshoreError("RangeNotSatisfiable", `${target.shown} has fewer bytes than its manifest says`, {
    hint: "ask whoever made the export to run `longshore verify`",
  });

async function takeBody(
  { file, server }: Fetching,
  { answer, sink }: { answer: Answered; sink: Sink },
  signal: AbortSignal,
): Promise<"complete" | Trouble> {
  const slice = sliceOf(answer);
  if (slice === undefined || slice.first !== sink.position())
    return trouble(`${server.target.shown} did not answer with the range that was asked for`);
  const end = sink.end ?? file.size ?? slice.end ?? Infinity;
  const isExact = endsAt(end, answer, slice);
  for await (const chunk of readable(answer, file.url)) {
    signal.throwIfAborted();
    if ("kind" in chunk) return chunk;
    await sink.take(chunk.subarray(0, end - sink.position()));
    if (!isExact && sink.position() >= end) break;
  }
  return end === Infinity || sink.position() >= end ? "complete" : trouble("the answer ended early");
}

/** Whether the answer ends by itself where we want it to: read to its end, its connection serves the next one too. */
const endsAt = (end: number, { answer }: Answered, slice: Slice): boolean =>
  slice.end === end && answer.headers["content-length"] !== undefined;

/** The body; where the connection breaks, that as the last element, so that the sink's own errors are not taken for it. */
async function* readable({ answer }: Answered, url: URL): AsyncGenerator<Uint8Array | Trouble> {
  const chunks = answer.body[Symbol.asyncIterator]();
  for (;;) {
    let next: IteratorResult<Uint8Array>;
    try {
      next = await chunks.next();
    } catch (error) {
      yield connectionTrouble(error, url);
      return;
    }
    if (next.done === true) return;
    yield next.value;
  }
}

/** Even an open range of everything: its answer says the size, also where a proxy leaves out Content-Length. */
function asked(
  { etag, isProvable }: RemoteFile,
  sink: Sink,
): { range: string; condition: Record<string, string> } {
  const last = sink.end === undefined ? "" : sink.end - 1;
  const condition = etag === undefined ? {} : { [isProvable ? "if-match" : "if-range"]: etag };
  return { range: `bytes=${sink.position()}-${last}`, condition };
}
