/** What the controllers of all kinds have in common. */
import { LongshoreError } from "../domain/errors.ts";
import type { Clock } from "../domain/ports/clock.ts";
import type { TellEvent } from "../domain/ports/event-recorder.ts";
import type { ExportStore, ResourceKey } from "../domain/ports/export-store.ts";
import type { JobRunner } from "../domain/ports/job-runner.ts";
import type { CheckPlace, Places } from "../domain/ports/places.ts";

export interface Controller {
  /**
   * Looks at one resource and does whatever there is to do about it now; none by that key is no error.
   * Resolves with when it wants to be looked at again if nothing happens before, in milliseconds since 1970.
   */
  reconcile(key: ResourceKey, signal: AbortSignal): Promise<number | undefined>;
}

/** The home that controllers work in. */
export interface ControllerHome {
  readonly store: ExportStore;
  readonly runner: JobRunner;
  readonly places: Places;
  /** Absent where buckets can't be reached from here, as in a cluster, whose credentials only workers have. */
  readonly checkPlace?: CheckPlace | undefined;
  readonly clock: Clock;
  /** Milliseconds between two statuses of an export that tell of its progress alone; a second unless said. */
  readonly progressInterval?: number | undefined;
  /** Told what happened to resources, for people who ask later; nobody is unless said. */
  readonly tell?: TellEvent | undefined;
  /** Told of what no status can say: errors that nobody expected, and about which resource. */
  readonly onError: (error: unknown, about: string) => void;
}

/** Whether somebody else was faster: what they did is observed next. */
export function isOutdated(error: unknown): boolean {
  return error instanceof LongshoreError && (error.code === "Conflict" || error.code === "ResourceNotFound");
}

/** Whether it says only that nobody answered: what was asked may have been done, and is asked again. */
export function isUnanswered(error: unknown): boolean {
  return error instanceof LongshoreError && unanswered.has(error.code);
}

const unanswered: ReadonlySet<string> = new Set(["ServerUnreachable", "ServerFailed", "TooManyRequests"]);

/** How a key is written where it has to be one string; neither part can have a slash. */
export const keyText = ({ namespace, name }: ResourceKey): string => `${namespace}/${name}`;

export function parseKey(text: string): ResourceKey {
  const slash = text.indexOf("/");
  return { namespace: text.slice(0, slash), name: text.slice(slash + 1) };
}
