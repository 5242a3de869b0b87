/** Tells people that prepared data stays where it is, though its Export goes. */
import type { RecordEvent } from "../../domain/ports/event-recorder.ts";
import type { OwnedPlace } from "../../domain/ports/job-runner.ts";
import { apiVersion } from "../../domain/resources/resource.ts";

interface Home {
  readonly record: RecordEvent;
  readonly onError: (error: unknown, about: string) => void;
}

/** A Warning Event; where there can be none, as in a namespace that goes, a word in the log. */
export async function dataLeftBehind(
  { location, owner, export: key }: OwnedPlace,
  reason: string,
  { record, onError }: Home,
  signal: AbortSignal,
): Promise<void> {
  const note = `the data in ${location} is left behind: ${reason}`;
  if (key === undefined) return onError(new Error(note), "DataLeftBehind");
  const about = { apiVersion, kind: "Export", namespace: key.namespace, name: key.name, uid: owner };
  await record({ about, type: "Warning", reason: "DataLeftBehind", action: "Cleanup", note }, signal);
}
