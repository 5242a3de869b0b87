/** When to try again, and when to give up: after so many tries in a row without a single new byte on any connection. */
import { LongshoreError } from "../../domain/errors.ts";
import { waitFor, waitForExport } from "./back-off.ts";
import type { Timing } from "./timing.ts";
import type { Trouble } from "./trouble.ts";

const mostTries = 10;
const mostTriesForHost = 3;

/** One connection's share of the patience. */
export interface Lane {
  /** Bytes came that had not come before. */
  progressed(): void;
  /** Waits until the next try is due. Throws DownloadIncomplete where there is to be none. */
  failed(trouble: Trouble, signal: AbortSignal): Promise<void>;
}

export interface Patience {
  readonly newLane: () => Lane;
}

export interface PatienceOptions {
  readonly timing: Timing;
  /** What is downloaded, as it may be shown. */
  readonly subject: string;
  /** Told while an export is waited for, and with undefined when that ends. */
  readonly onWaiting: (what: string | undefined) => void;
}

export function createPatience({ timing, subject, onWaiting }: PatienceOptions): Patience {
  // A server may refuse one connection too many for long while the others go on, so theirs count as well.
  let progressOfAll = 0;
  let isWaiting = false;
  const waiting = (what: string | undefined): void => {
    if (isWaiting || what !== undefined) onWaiting(what);
    isWaiting = what !== undefined;
  };
  const newLane = (): Lane => {
    let seen = progressOfAll;
    let inARow = 0;
    let untilGivenUp = 0;
    return {
      progressed: () => {
        waiting(undefined);
        progressOfAll += 1;
        inARow = 0;
        untilGivenUp = 0;
      },
      failed: async (trouble, signal) => {
        if (trouble.isWaiting === true) {
          waiting(trouble.why);
          await timing.sleep(
            waitForExport(trouble.waitMs, () => timing.random()),
            signal,
          );
          return;
        }
        waiting(undefined);
        if (seen !== progressOfAll) untilGivenUp = 0;
        seen = progressOfAll;
        untilGivenUp += 1;
        const hasBegun = progressOfAll > 0;
        const most = trouble.isUnknownHost === true && !hasBegun ? mostTriesForHost : mostTries;
        if (untilGivenUp >= most) throw givenUp(`${subject}: ${most} tries`, trouble, hasBegun);
        await timing.sleep(
          waitFor(inARow, trouble.waitMs, () => timing.random()),
          signal,
        );
        inARow += 1;
      },
    };
  };
  return { newLane };
}

function givenUp(tries: string, { why, cause }: Trouble, hasBegun: boolean): LongshoreError {
  const message = `${tries} in a row brought nothing, at last ${why}`;
  if (hasBegun) return new LongshoreError("DownloadIncomplete", message, { cause });
  const hint = "check the URL, and run the same command again when the server can be reached";
  return new LongshoreError("ServerUnreachable", message, { cause, hint });
}
