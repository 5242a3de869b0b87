/** Events of a cluster (events.k8s.io/v1): repeated ones counted, and so few that no loop of ours floods the API server. */
import { LongshoreError } from "../../domain/errors.ts";
import type { Clock } from "../../domain/ports/clock.ts";
import type { EventToRecord, RecordEvent, TellEvent } from "../../domain/ports/event-recorder.ts";
import type { KubeApi, KubeObject, KubeResource } from "../kube-api.ts";
import { microTime } from "./micro-time.ts";

export interface EventRecorderOptions {
  readonly api: KubeApi;
  readonly clock: Clock;
  /** A part of names, unique among those of one object. */
  readonly newId: () => string;
  /** Who reports, as "longshore.dev/operator", and which of several. */
  readonly controller: string;
  readonly instance: string;
  /** Told of what could not be recorded, for it may be worth a line in the log. */
  readonly onError: (error: unknown, about: string) => void;
}

interface ClusterEvent extends KubeObject {
  readonly eventTime: string;
  readonly regarding: EventToRecord["about"];
  readonly type: string;
  readonly reason: string;
  readonly action: string;
  readonly note: string;
  readonly reportingController: string;
  readonly reportingInstance: string;
}

interface Told {
  readonly namespace: string;
  readonly name: string;
  count: number;
  writtenAt: number;
}

const events: KubeResource = {
  group: "events.k8s.io",
  version: "v1",
  plural: "events",
  kind: "Event",
  namespaced: true,
};

/** Milliseconds in which the same event is counted and not written. */
const quiet = 60_000;
/** Milliseconds after which it is a new one. */
const forgottenAfter = 600_000;
/** New events about one object within `forgottenAfter`. */
const mostOfOne = 25;
/** Events and objects that are remembered. */
const mostRemembered = 2048;
/** Bytes that the API server takes. */
const longestNote = 1024;

export function eventRecorder(options: EventRecorderOptions): RecordEvent {
  const { api, clock, newId, controller, instance, onError } = options;
  const told = new Map<string, Told>();
  const budgets = new Map<string, { readonly since: number; used: number }>();

  return async (event, signal) => {
    signal.throwIfAborted();
    const { kind, namespace = "", name } = event.about;
    try {
      await record(event, signal);
    } catch (error) {
      signal.throwIfAborted();
      onError(error, `the Event ${event.reason} about ${kind} ${namespace}/${name}: ${event.note}`);
    }
  };

  async function record(event: EventToRecord, signal: AbortSignal): Promise<void> {
    const id = JSON.stringify([event.about.uid, event.type, event.reason, event.note]);
    const known = told.get(id);
    const now = clock.now();
    if (known === undefined || now - known.writtenAt >= forgottenAfter) return tell(id, event, signal);
    known.count++;
    if (now - known.writtenAt < quiet) return;
    known.writtenAt = now;
    const series = { count: known.count, lastObservedTime: microTime(now) };
    try {
      await api.patch(events, known, { series }, {}, signal);
    } catch (error) {
      // Clusters keep Events for an hour or so.
      if (!(error instanceof LongshoreError) || error.code !== "ResourceNotFound") throw error;
      await tell(id, event, signal);
    }
  }

  async function tell(id: string, event: EventToRecord, signal: AbortSignal): Promise<void> {
    const now = clock.now();
    const { about, type, reason, action, note } = event;
    if (!mayTell(about.uid, now)) return;
    const name = `${about.name.slice(0, 200)}.${newId()}`;
    // Of what lies in no namespace, Events do in this one.
    const namespace = about.namespace ?? "default";
    remember(told, id, { namespace, name, count: 1, writtenAt: now });
    const made: ClusterEvent = {
      apiVersion: "events.k8s.io/v1",
      kind: "Event",
      metadata: { namespace, name },
      eventTime: microTime(now),
      regarding: about,
      type,
      reason,
      action,
      note: cut(note),
      reportingController: controller,
      reportingInstance: instance.slice(0, 128),
    };
    try {
      await api.create(events, made, {}, signal);
    } catch (error) {
      told.delete(id);
      throw error;
    }
  }

  function mayTell(uid: string, now: number): boolean {
    const known = budgets.get(uid);
    const budget =
      known === undefined || now - known.since >= forgottenAfter ? { since: now, used: 0 } : known;
    budget.used++;
    remember(budgets, uid, budget);
    return budget.used <= mostOfOne;
  }
}

/** Events that wait for the API server; what comes beyond that is not told. */
const mostWaiting = 256;

/** Records events without anybody waiting for it, until cancelled. */
export function recordInBackground(record: RecordEvent, signal: AbortSignal): TellEvent {
  let waiting = 0;
  return (event) => {
    if (waiting >= mostWaiting || signal.aborted) return;
    waiting++;
    void record(event, signal)
      // It throws only when it is cancelled.
      .catch(() => undefined)
      .finally(() => void waiting--);
  };
}

/** What was remembered first goes where there is too much. */
function remember<T>(memory: Map<string, T>, key: string, value: T): void {
  memory.delete(key);
  memory.set(key, value);
  const [first] = memory.keys();
  if (memory.size > mostRemembered && first !== undefined) memory.delete(first);
}

function cut(note: string): string {
  const bytes = Buffer.from(note);
  if (bytes.length <= longestNote) return note;
  // A character that was cut through would become U+FFFD.
  return `${bytes
    .subarray(0, longestNote - 3)
    .toString()
    .replace(/\uFFFD+$/, "")}…`;
}
