/** How long a command goes on through failures that may pass. */
import { type BackOff, waitAfter } from "../../domain/back-off.ts";
import { type ErrorCode, LongshoreError } from "../../domain/errors.ts";
import type { Clock } from "../../domain/ports/clock.ts";
import type { Pause } from "../client/pause.ts";
import { isPassing } from "./patient-api.ts";

export interface Endurance {
  /** Waits for the next attempt; throws the failure where no time heals it, or after three minutes of nothing else. */
  bear(error: unknown, signal: AbortSignal): Promise<void>;
  /** Something went well. */
  went(): void;
}

export interface EnduranceHome {
  readonly clock: Clock;
  /** From 0 to 1. */
  readonly random: () => number;
  readonly pause: Pause;
}

const backOff: BackOff = { first: 250, longest: 15_000 };
/** Milliseconds: a restart of an API server takes less. */
const patience = 180_000;
/** While it starts, it may not know all kinds, roles and users yet. */
const startPatience = 30_000;
const startingCodes: ReadonlySet<ErrorCode> = new Set(["NotInstalled", "Forbidden", "Unauthenticated"]);

/** `isBearable` names failures that pass though they do not look like it. */
export function endurance(
  { clock, random, pause }: EnduranceHome,
  isBearable: (error: unknown) => boolean,
): Endurance {
  let worked = false;
  let failures = 0;
  let since = 0;
  return {
    bear: async (error, signal) => {
      signal.throwIfAborted();
      if (failures === 0) since = clock.now();
      failures++;
      const limit =
        isBearable(error) || isPassing(error) ? patience : worked && isOfStart(error) ? startPatience : 0;
      if (clock.now() - since >= limit) throw error;
      await pause(waitAfter(failures, backOff, random), signal);
    },
    went: () => {
      worked = true;
      failures = 0;
    },
  };
}

const isOfStart = (error: unknown): boolean =>
  error instanceof LongshoreError && startingCodes.has(error.code);
