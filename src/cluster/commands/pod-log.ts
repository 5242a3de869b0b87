/** The log of one worker's pod, once or until its end. */
import { LongshoreError } from "../../domain/errors.ts";
import { hasEnded } from "../jobs/pod-facts.ts";
import { type Pod, pods } from "../jobs/objects.ts";
import { workerContainer } from "../jobs/pod-template.ts";
import type { PodLogOptions } from "../kube-api.ts";
import { endurance } from "./endurance.ts";
import { logLines } from "./log-lines.ts";
import type { ChangesHome } from "./object-changes.ts";

export interface PodLogCall {
  readonly pod: Pod;
  /** At most so many of the last lines that are there at the beginning. */
  readonly tailLines?: number | undefined;
  readonly onLine: (text: string) => Promise<void>;
}

/** How far it was read, in nanoseconds since 1970; undefined before the first line. */
interface Place {
  time: bigint | undefined;
}

/** What is there. */
export async function readPodLog(home: ChangesHome, call: PodLogCall, signal: AbortSignal): Promise<void> {
  await readOn(home, { ...call, follow: false }, { time: undefined }, signal);
}

/** Until the pod has ended or is gone, through cuts of the line: no line comes twice. */
export async function followPodLog(home: ChangesHome, call: PodLogCall, signal: AbortSignal): Promise<void> {
  const { metadata } = call.pod;
  const bearing = endurance(home, isNotThereYet);
  const place: Place = { time: undefined };
  let isLast = false;
  for (;;) {
    const before = { time: place.time, at: home.clock.now() };
    try {
      await readOn(home, { ...call, follow: true }, place, signal);
      const now = await home.api.get<Pod>(pods, metadata, signal);
      if (isLast || now === undefined || now.metadata.uid !== metadata.uid) return;
      bearing.went();
      // What came between a cut and the end is read with one more look.
      isLast = hasEnded(now);
      if (!isLast) await home.pause(shortPause, signal);
    } catch (error) {
      signal.throwIfAborted();
      if (isGone(error)) return;
      // A worker that has nothing to say is held for dead in the end; its log was well for so long.
      if (place.time !== before.time || home.clock.now() - before.at >= steady) bearing.went();
      await bearing.bear(error, signal);
    }
  }
}

/** Milliseconds between a log that ended and a look at its pod, which may not know yet that it ended. */
const shortPause = 500;

const steady = 60_000;

const isGone = (error: unknown): boolean =>
  error instanceof LongshoreError && error.code === "ResourceNotFound";

/** "container is waiting to start": 400. */
const isNotThereYet = (error: unknown): boolean =>
  error instanceof LongshoreError && error.code === "InvalidDocument";

/** From the place on, which it moves. */
async function readOn(
  { api }: ChangesHome,
  { pod, follow, tailLines, onLine }: PodLogCall & { readonly follow: boolean },
  place: Place,
  signal: AbortSignal,
): Promise<void> {
  const options: PodLogOptions = {
    container: workerContainer,
    timestamps: true,
    follow,
    ...(place.time === undefined ? { tailLines } : { sinceTime: timeText(place.time) }),
  };
  for await (const { time, text } of logLines(api.podLogStream(pod.metadata, options, signal))) {
    if (time !== undefined && place.time !== undefined && time <= place.time) continue;
    place.time = time ?? place.time;
    await onLine(text);
  }
}

const timeText = (nanoseconds: bigint): string => new Date(Number(nanoseconds / 1_000_000n)).toISOString();
