/** Changes of exports as server-sent events. */
import { z } from "zod";
import { routes } from "../../api/routes.ts";
import { hasCode, LongshoreError } from "../../domain/errors.ts";
import type { WatchQuery } from "../../domain/ports/export-store.ts";
import type { Export } from "../../domain/resources/resource.ts";
import { authenticate, authorize } from "../auth/caller.ts";
import type { GatewayDependencies, GatewayLimits } from "../dependencies.ts";
import { sendEvents, type ServerSentEvent } from "../http/server-sent-events.ts";
import { type Answer, type Call, type Operation, operation } from "./operation.ts";
import { inNamespace, named, none } from "./parameters.ts";
import { existing } from "./resources.ts";

const kind = "Export";
const verb = "read";
const tag = "Events";
const answer = {
  status: 200,
  description:
    "`id` is the resourceVersion, `event` ADDED, MODIFIED or DELETED, `data` the Export in one line.",
  mediaType: "text/event-stream",
  schema: z.string(),
} as const;
const headers = [
  {
    name: "Last-Event-ID",
    description: "Only what came after it. If that is forgotten, all that is there, as ADDED.",
  },
];

type Dependencies = Pick<GatewayDependencies, "store" | "identity">;

export function eventOperations(dependencies: Dependencies, limits: GatewayLimits): readonly Operation[] {
  const { store } = dependencies;
  const answerWith = (call: Call<unknown, unknown, unknown>, query: WatchQuery): Answer => ({
    status: 200,
    stream: (response, signal) =>
      sendEvents(response, (until) => changes(store, query, until), {
        interval: limits.heartbeat,
        check: stillAllowed(dependencies, call, signal),
        signal,
      }),
  });
  return [
    operation({
      id: "watchExports",
      method: "GET",
      path: routes.events,
      tag,
      kind,
      verb,
      params: inNamespace,
      query: none,
      headers,
      answer,
      summary: "Follow the exports of a namespace",
      perform: async (call) => answerWith(call, { ...call.params, since: lastEventId(call) }),
    }),
    operation({
      id: "watchExport",
      method: "GET",
      path: routes.exportEvents,
      tag,
      kind,
      verb,
      params: named,
      query: none,
      headers,
      answer,
      summary: "Follow one export",
      perform: async (call, signal) => {
        const since = lastEventId(call);
        // Who goes on from somewhere may have missed that it was deleted, and is told so by the events.
        if (since === undefined) await existing(store, kind, call.params, signal);
        return answerWith(call, { ...call.params, since });
      },
    }),
  ];
}

/** Throws InvalidRequest. */
function lastEventId({
  headers: { "last-event-id": given },
}: Call<unknown, unknown, unknown>): string | undefined {
  const id = [given].flat()[0];
  if (id === undefined || id === "") return undefined;
  if (!/^\d{1,15}$/.test(id)) throw new LongshoreError("InvalidRequest", "Last-Event-ID is none of ours");
  return id;
}

/** Whose token was taken back or has expired sees no more. */
const stillAllowed =
  ({ identity }: Dependencies, call: Call<unknown, unknown, unknown>, signal: AbortSignal) =>
  async (): Promise<void> =>
    authorize(await authenticate(identity, call.headers.authorization, signal), verb);

async function* changes(
  store: Dependencies["store"],
  query: WatchQuery,
  signal: AbortSignal,
): AsyncGenerator<ServerSentEvent> {
  let { since } = query;
  for (;;) {
    since ??= yield* presentState(store, query, signal);
    try {
      for await (const { type, object } of store.watch(kind, { ...query, since }, signal))
        yield { id: object.metadata.resourceVersion, ...messageOf(type, object) };
      return;
    } catch (error) {
      if (!hasCode(error, "WatchExpired")) throw error;
      since = undefined;
    }
  }
}

/**
 * All that is there, as ADDED. Only the last of it has an id to go on from: a reader who was cut off before would miss the
 * rest.
 */
async function* presentState(
  store: Dependencies["store"],
  { namespace, name }: WatchQuery,
  signal: AbortSignal,
): AsyncGenerator<ServerSentEvent, string> {
  const { resourceVersion } = await store.list(kind, { namespace, limit: 1 }, signal);
  if (name !== undefined && namespace !== undefined) {
    const object = await store.get(kind, { namespace, name }, signal);
    if (object !== undefined) yield { id: resourceVersion, ...messageOf("ADDED", object) };
    return resourceVersion;
  }
  let next: string | undefined;
  let last: Export | undefined;
  do {
    const page = await store.list(kind, { namespace, continue: next }, signal);
    for (const object of page.items) {
      if (last !== undefined) yield { ...messageOf("ADDED", last) };
      last = object;
    }
    next = page.continue;
  } while (next !== undefined);
  if (last !== undefined) yield { id: resourceVersion, ...messageOf("ADDED", last) };
  return resourceVersion;
}

const messageOf = (event: string, object: Export) => ({ event, data: JSON.stringify(object) });
