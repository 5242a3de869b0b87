/** Writes server-sent events (HTML standard, section 9.2) as fast as they are read, and no faster. */
import { once } from "node:events";
import type { ServerResponse } from "node:http";

export interface ServerSentEvent {
  /** What a reader goes on from; missing where that would skip something. */
  readonly id?: string;
  readonly event: string;
  /** One line. */
  readonly data: string;
}

export interface Heartbeat {
  /** Milliseconds between two comments. */
  readonly interval: number;
  /** Asked at every beat; throws where the stream has to end. */
  readonly check: () => Promise<void>;
  readonly signal: AbortSignal;
}

/**
 * Ends when the events do, when `check` refuses, or when the signal says so; then it throws the signal's reason, and
 * otherwise what the events throw. The events end with the signal that they are given.
 */
export async function sendEvents(
  response: ServerResponse,
  eventsUntil: (signal: AbortSignal) => AsyncIterable<ServerSentEvent>,
  heartbeat: Heartbeat,
): Promise<void> {
  const refused = new AbortController();
  const signal = AbortSignal.any([heartbeat.signal, refused.signal]);
  response.writeHead(200, { "Content-Type": "text/event-stream", "X-Accel-Buffering": "no" });
  response.write("retry: 2000\n\n");
  const beat = async (): Promise<void> => {
    try {
      await heartbeat.check();
      // Whoever is behind gets no comments on top.
      if (!response.writableNeedDrain && !signal.aborted) response.write(": alive\n\n");
    } catch (error) {
      refused.abort(error);
    }
  };
  const timer = setInterval(() => void beat(), heartbeat.interval);
  try {
    for await (const event of eventsUntil(signal)) {
      signal.throwIfAborted();
      const isTaken = response.write(eventText(event));
      if (!isTaken) await once(response, "drain", { signal });
    }
  } catch (error) {
    if (!refused.signal.aborted || heartbeat.signal.aborted) throw error;
  } finally {
    clearInterval(timer);
  }
}

function eventText({ id, event, data }: ServerSentEvent): string {
  return `${id === undefined ? "" : `id: ${id}\n`}event: ${event}\ndata: ${data}\n\n`;
}
