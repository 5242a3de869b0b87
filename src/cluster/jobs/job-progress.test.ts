import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ended, madeUpJob, madeUpPod, running } from "../../../test/fixtures/kube-jobs.ts";
import type { Reached } from "../../domain/furthest-progress.ts";
import { doneSoFar, type HeardJob } from "./job-progress.ts";
import type { Job, Pod } from "./objects.ts";
import type { Stage } from "./worker-task.ts";

const reported = (planned: number, parts: number, isPlanned = false): Reached => ({
  progress: {
    plannedBytes: planned * 100,
    plannedFiles: planned * 10,
    plannedParts: planned,
    planned: isPlanned,
    bytes: parts * 100,
    files: parts * 10,
  },
  parts: { succeeded: parts, reused: 0 },
});
const heard = (
  stage: Stage,
  pods: (job: Job) => readonly Pod[],
  reports: readonly (readonly [number, Reached])[] = [],
): HeardJob => {
  const job = madeUpJob(stage);
  return { job, stage, pods: pods(job), reports: new Map(reports) };
};
const nobody = (): readonly Pod[] => [];
const packer = (job: Job, share: number, message?: object): Pod =>
  madeUpPod(job, share, message === undefined ? running : ended(0, message), {
    annotations: { "batch.kubernetes.io/job-completion-index": `${share}` },
  });
const packed = (parts: number): object => ({
  stage: "pack",
  packed: { parts, reused: 1, files: parts * 10, bytes: parts * 100 },
});
const planned = { stage: "plan", planned: { parts: 8, files: 80, bytes: 800 } };
const plan = heard("plan", (job) => [madeUpPod(job, 0, ended(0, planned))], [[0, reported(5, 0)]]);
const result = {
  manifestDigest: "ab".repeat(32),
  files: 80,
  differences: 0,
  parts: { total: 9, reused: 1 },
  bytes: { source: 800, written: 200, redone: 0 },
};

/** "parts of planned parts", and whether all is planned. */
const short = ({ parts, progress }: Reached): string =>
  `${parts.succeeded} of ${progress.plannedParts}${progress.planned ? "" : " so far"}`;

const table: Record<string, readonly [readonly HeardJob[], string]> = {
  "nobody has said anything": [[heard("all", nobody)], "0 of 0 so far"],
  "one for everything reports": [[heard("all", nobody, [[0, reported(7, 3)]])], "3 of 7 so far"],
  "and its last word counts": [
    [
      heard("all", (job) => [madeUpPod(job, 0, ended(0, { stage: "all", result }))], [
        [0, reported(99, 98, true)],
      ]),
    ],
    "9 of 9",
  ],
  "a planner reports": [[heard("plan", nobody, [[0, reported(5, 0)]])], "0 of 5 so far"],
  "a planner has planned all": [[heard("plan", nobody, [[0, reported(8, 0, true)]])], "0 of 8"],
  "a planner's last word counts": [[plan], "0 of 8"],
  "packers report": [
    [
      plan,
      heard("pack", nobody, [
        [0, reported(0, 2)],
        [1, reported(0, 3)],
      ]),
    ],
    "5 of 8",
  ],
  "a packer's last word takes the place of its reports": [
    [
      plan,
      heard("pack", (job) => [packer(job, 0, packed(4)), packer(job, 1)], [
        [0, reported(0, 3)],
        [1, reported(0, 3)],
      ]),
    ],
    "7 of 8",
  ],
  "also where there are fewer than were reported": [
    [plan, heard("pack", (job) => [packer(job, 0, packed(4))], [[0, reported(0, 1000)]])],
    "4 of 8",
  ],
  "numbers that are made up add up to one that a status can have": [
    [
      plan,
      heard("pack", nobody, [
        [0, reported(0, 2 ** 52)],
        [1, reported(0, 2 ** 52 + 7)],
      ]),
    ],
    `${Number.MAX_SAFE_INTEGER} of 8`,
  ],
  "a share that was packed by a second pod counts once": [
    [plan, heard("pack", (job) => [packer(job, 0), packer(job, 0, packed(4))], [[0, reported(0, 3)]])],
    "4 of 8",
  ],
  "who finalizes counts nothing": [
    [
      plan,
      heard("pack", (job) => [packer(job, 0, packed(4)), packer(job, 1, packed(4))]),
      heard("finalize", nobody, [[0, reported(9, 1)]]),
    ],
    "8 of 8",
  ],
};

describe("how far the workers of an attempt are", () => {
  for (const [name, [jobs, expected]] of Object.entries(table))
    test(`${name}: ${expected}`, () => assert.equal(short(doneSoFar(jobs)), expected));
});
