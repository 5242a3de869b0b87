/** What Longshore must reach beside each peer; every figure is the highest allowed share of the peer's time. */
import type { Peer, Work } from "./options.ts";

export const MEMORY_GOAL_BYTES = 512 * 1024 * 1024;

/** Of every tool that speaks to the same server. */
const AHEAD = { rclone: 1, aws: 1, s3cmd: 1 };

/** Against peers that are beaten by a factor the goal is a fraction, written so that the factor can be read. */
const TIME_GOALS: Readonly<Record<Work, Partial<Record<Peer, number>>>> = {
  big: { tar: 0.75, restic: 1 / 3, rclone: 1 / 5, duplicity: 1 / 15 },
  small: { tar: 1, restic: 1 / 3, rclone: 1 / 5, duplicity: 1 / 15 },
  unchanged: { restic: 0.25 },
  many: {},
  download: { nginx: 1 / 0.9 },
  "bucket-big": AHEAD,
  "bucket-small": AHEAD,
  "bucket-read": AHEAD,
};

export function timeGoal(work: Work, peer: Peer): number | undefined {
  return TIME_GOALS[work][peer];
}
