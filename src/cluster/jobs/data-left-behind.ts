/** Tells people that prepared data stays where it is, though its Export goes. */
import { LongshoreError } from "../../domain/errors.ts";
import type { Clock } from "../../domain/ports/clock.ts";
import type { OwnedPlace } from "../../domain/ports/job-runner.ts";
import { apiVersion } from "../../domain/resources/resource.ts";
import type { KubeApi } from "../kube-api.ts";
import { type ClusterEvent, events } from "./objects.ts";

interface Home {
  readonly api: KubeApi;
  readonly clock: Clock;
  readonly onError: (error: unknown, about: string) => void;
}

/** What an Event may say. */
const longestMessage = 1000;

/** A Warning Event; where there can be none, as in a namespace that goes, a word in the log. */
export async function dataLeftBehind(
  { location, owner, export: key }: OwnedPlace,
  reason: string,
  { api, clock, onError }: Home,
  signal: AbortSignal,
): Promise<void> {
  const message = `the data in ${location} is left behind: ${reason}`;
  const time = new Date(clock.now()).toISOString();
  if (key === undefined) return onError(new Error(message), "DataLeftBehind");
  const event: ClusterEvent = {
    apiVersion: "v1",
    kind: "Event",
    metadata: { name: `${key.name.slice(0, 200)}.${clock.now().toString(16)}`, namespace: key.namespace },
    involvedObject: { apiVersion, kind: "Export", namespace: key.namespace, name: key.name, uid: owner },
    type: "Warning",
    reason: "DataLeftBehind",
    message: message.slice(0, longestMessage),
    firstTimestamp: time.replace(/\.\d+Z$/, "Z"),
    lastTimestamp: time.replace(/\.\d+Z$/, "Z"),
  };
  try {
    await api.create(events, event, {}, signal);
  } catch (error) {
    if (!(error instanceof LongshoreError)) throw error;
    onError(new Error(message, { cause: error }), `Export ${key.namespace}/${key.name}`);
  }
}
