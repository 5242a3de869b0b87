/** Server-sent events as they come, over as many connections as it takes. */
import { createParser, type EventSourceMessage } from "eventsource-parser";
import { LongshoreError } from "../domain/errors.ts";
import { Export } from "../domain/resources/resource.ts";
import { checked, parseJson } from "./answer-body.ts";
import { attempt, openResponse, refusal, type Request, unreachable } from "./attempt.ts";
import type { Connection } from "./client-options.ts";
import { type EventType, eventTypes } from "./documents.ts";
import { backOff } from "./retries.ts";
import { watchdog } from "./watchdog.ts";

export interface ExportEvent {
  readonly type: EventType;
  /** Where to go on from. */
  readonly id: string;
  readonly object: Export;
}

/** Connections in a row that may come to nothing: some two minutes. */
const mostFailures = 10;
const longestEvent = 4 * 2 ** 20;
const shortestPause = 250;

export interface EventsRequest {
  readonly path: string;
  readonly lastEventId?: string | undefined;
  /** Path of the one export that the events are of, if it is one. */
  readonly subject?: string | undefined;
}

/**
 * Events until cancelled. After a cut it goes on behind the last event that was taken; a server that has forgotten that
 * place gives the present state as ADDED once more. Throws what the server refuses with, and ServerUnreachable where it
 * stays away; ResourceNotFound where the one export went away meanwhile, of which a server that forgot would say nothing.
 */
export async function* exportEvents(
  connection: Connection,
  query: EventsRequest,
  signal: AbortSignal,
): AsyncGenerator<ExportEvent, never, undefined> {
  let lastId = query.lastEventId;
  let failures = 0;
  for (;;) {
    let failure: LongshoreError | undefined;
    for await (const item of oneStream(connection, query.path, lastId, signal)) {
      if (item.kind === "failure") {
        failure = item.error;
        continue;
      }
      failures = 0;
      if (item.kind === "alive") continue;
      lastId = item.event.id;
      yield item.event;
    }
    failures++;
    if (failures >= mostFailures)
      throw failure ?? unreachable(connection, new Error("the stream of events ends again and again"));
    await connection.sleep(Math.max(shortestPause, backOff(failures, connection.random)), signal);
    if (query.subject !== undefined) await checkThere(connection, query.subject, signal);
  }
}

/** Whatever else is wrong will show in the next connection. */
async function checkThere(connection: Connection, path: string, signal: AbortSignal): Promise<void> {
  const outcome = await attempt(connection, { method: "GET", path }, signal);
  if (!outcome.ok && outcome.error.code === "ResourceNotFound") throw outcome.error;
}

type Item =
  | { readonly kind: "alive" }
  | { readonly kind: "event"; readonly event: ExportEvent }
  | { readonly kind: "failure"; readonly error: LongshoreError };

/** One connection: what comes over it, and at its end why it failed, unless it simply ended. */
async function* oneStream(
  connection: Connection,
  path: string,
  lastId: string | undefined,
  signal: AbortSignal,
): AsyncGenerator<Item, void, undefined> {
  using dog = watchdog(connection.patienceMilliseconds, signal);
  const request: Request = {
    method: "GET",
    path,
    headers: {
      Accept: "text/event-stream",
      ...(lastId === undefined ? undefined : { "Last-Event-ID": lastId }),
    },
  };
  try {
    const response = await openResponse(connection, request, dog.signal);
    if (!response.ok) {
      const { error, status = 0 } = await refusal(connection, request, response);
      if (status < 500 && status !== 429) throw error;
      yield { kind: "failure", error };
      return;
    }
    if (response.body !== null) yield* itemsOf(response.body, dog.alive);
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof LongshoreError) throw error;
    yield { kind: "failure", error: unreachable(connection, error) };
  }
}

async function* itemsOf(
  body: NonNullable<Response["body"]>,
  alive: () => void,
): AsyncGenerator<Item, void, undefined> {
  const messages: EventSourceMessage[] = [];
  let lastId = "";
  const parser = createParser({
    onId: (id) => {
      lastId = id;
    },
    onEvent: (message) => messages.push({ ...message, id: message.id ?? lastId }),
    onError: ({ type }) => {
      if (type === "max-buffer-size-exceeded")
        throw new LongshoreError("ServerFailed", `an event is longer than ${longestEvent} bytes`);
    },
    maxBufferSize: longestEvent,
  });
  const decoder = new TextDecoder();
  const reader = body.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      alive();
      yield { kind: "alive" };
      parser.feed(decoder.decode(value, { stream: true }));
      yield* messages.splice(0).map(itemOf);
    }
  } finally {
    // The consumer may have had enough; where the connection broke there is nothing left to cancel.
    await reader.cancel().catch(() => undefined);
  }
}

/** Kinds of events that only a newer server has are a sign of life. */
function itemOf({ event, id = "", data }: EventSourceMessage): Item {
  const type = eventTypes.find((known) => known === event);
  if (type === undefined) return { kind: "alive" };
  return {
    kind: "event",
    event: { type, id, object: checked(Export, parseJson(data), "the stream of events") },
  };
}
