import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  creationTime,
  type GivenSpec,
  madeUpDestination,
  madeUpExport,
} from "../../test/fixtures/made-up-resources.ts";
import type { JobObservation } from "../domain/ports/job-runner.ts";
import { conditionOf } from "../domain/resources/condition.ts";
import type { ExportStatus } from "../domain/resources/export.ts";
import type { ObjectMeta } from "../domain/resources/object-meta.ts";
import type { Export } from "../domain/resources/resource.ts";
import { dataFinalizer, type DecidedFacts, decideExport, type ExportStep } from "./decide-export.ts";

const now = Date.parse("2026-03-01T12:00:00.000Z");
const at = (seconds: number): string => new Date(now + seconds * 1000).toISOString();
const location = "/mnt/handover/default/reports";
const withFinalizer: Partial<ObjectMeta> = { finalizers: [dataFinalizer] };
const noFinalizer: Partial<ObjectMeta> = { finalizers: [] };
const deleting: Partial<ObjectMeta> = { ...withFinalizer, deletionTimestamp: at(-1) };

const progress = {
  plannedBytes: 5000,
  plannedFiles: 3,
  plannedParts: 4,
  planned: true,
  bytes: 1000,
  files: 1,
};
const result = {
  manifestDigest: "ab".repeat(32),
  files: 3,
  differences: 0,
  parts: { total: 5, reused: 1 },
  bytes: { source: 5000, written: 2000, redone: 0 },
  archive: { file: "reports.tar.zst", size: 2048 },
};

function job(phase: JobObservation["phase"], given: Partial<JobObservation> = {}): JobObservation {
  return { attempt: 0, phase, progress, parts: { succeeded: 1, reused: 0 }, ...given };
}

const succeeded = job("succeeded", { result });
const full = job("failed", { error: { code: "DestinationFull", message: "the destination is full" } });
const denied = job("failed", { error: { code: "SourceUnreadable", message: "the source may not be read" } });

/** A status whose condition Succeeded says this. */
function says(status: "True" | "False" | "Unknown", reason: string, given: ExportStatus = {}): ExportStatus {
  const condition = {
    type: "Succeeded",
    status,
    reason,
    message: "",
    lastTransitionTime: creationTime,
    observedGeneration: 1,
  };
  return { observedGeneration: 1, conditions: [condition], ...given };
}

const completedStatus = says("True", "Completed", { completionTime: at(-60), location });

interface Case {
  readonly spec?: GivenSpec;
  readonly metadata?: Partial<ObjectMeta>;
  readonly status?: ExportStatus;
  readonly facts?: Partial<DecidedFacts>;
}

/** It has its finalizer where it has a place, unless something else is said. */
function factsOf({ spec, metadata, status, facts }: Case): DecidedFacts {
  const resource = madeUpExport("reports", spec, {
    metadata: { ...(status?.location === undefined ? {} : withFinalizer), ...metadata },
    ...(status === undefined ? {} : { status }),
  });
  const destination = madeUpDestination("handover", "/mnt/handover");
  return { resource, destination, previous: undefined, job: undefined, now, ...facts };
}

/** A step in a few words: of a status, what its condition says. */
function told(step: ExportStep): string {
  if (step.kind === "set status") {
    const { status, reason } = conditionOf(step.status.conditions, "Succeeded") ?? assert.fail();
    return `set status ${status} ${reason}`;
  }
  if (step.kind === "start job" || step.kind === "settle place")
    return `${step.kind} ${step.attempt} at ${step.location}`;
  if (step.kind === "wait until") return `wait ${(step.time - now) / 1000} s`;
  if (step.kind === "remove data") return `remove data at ${step.location ?? "no place"}, ${step.reason}`;
  return step.kind;
}

function table(name: string, rows: Record<string, readonly [Case, string]>): void {
  describe(name, () => {
    for (const [row, [given, expected]] of Object.entries(rows))
      test(row, () => assert.equal(told(decideExport(factsOf(given))), expected));
  });
}

const queued = says("Unknown", "Queued", { location, startTime: at(-9) });
const retrying = says("Unknown", "Retrying", { location, failures: 2, nextAttemptTime: at(3) });

const inVain = { ...retrying, retries: { inVain: 2, safeParts: 1 } };

const unruly = { bucket: { url: "s3://handover?region=eu%20west" } };
/** As an API server keeps it that knows fewer rules. */
const unrulyExport = (status?: ExportStatus): Partial<DecidedFacts> => {
  const { resource } = factsOf({ ...(status && { status }) });
  return { resource: { ...resource, spec: { ...resource.spec, destination: unruly } } };
};

table("an export with no job", {
  "is tried out before anything else": [{}, `settle place 0 at ${location}`],
  "gets the finalizer before it begins": [{ metadata: noFinalizer, status: queued }, "add finalizer"],
  "needs no finalizer where nothing is to be removed": [
    { spec: { deletionPolicy: "Retain" }, metadata: noFinalizer, status: queued },
    `start job 0 at ${location}`,
  ],
  "loses a finalizer where nothing was begun": [{ metadata: withFinalizer }, "remove finalizer"],
  "says that it waits for its turn, and needs no finalizer for that": [
    { facts: { queued: "waits for its turn" } },
    "set status Unknown Queued",
  ],
  "says that it waits for its turn once": [
    { status: says("Unknown", "Queued"), facts: { queued: "" } },
    "nothing",
  ],
  "is suspended while it waits for its turn": [{ spec: { suspend: true } }, "set status Unknown Suspended"],
  begins: [{ status: queued }, `start job 0 at ${location}`],
  "begins in a folder that it names itself": [
    {
      spec: { destination: { directory: { path: "/mnt/other" } } },
      facts: { destination: undefined },
    },
    "settle place 0 at /mnt/other/default/reports",
  ],
  "begins below a prefix that it names itself, with what is said of new objects": [
    {
      spec: { destination: { bucket: { url: "s3://handover/2026/?tags=a%3Db" } } },
      facts: { destination: undefined },
    },
    "settle place 0 at s3://handover/2026/default/reports?tags=a%3Db",
  ],
  "fails by a rule that its API server does not know, before anything begins": [
    { facts: unrulyExport() },
    "set status False InvalidDocument",
  ],
  "fails by a rule that its destination breaks": [
    { facts: { destination: { ...madeUpDestination("handover", ""), spec: unruly } } },
    "set status False InvalidDocument",
  ],
  "goes on once it was begun, whatever rules have come since": [
    { facts: unrulyExport(queued) },
    `start job 0 at ${location}`,
  ],
  "begins below the prefix of its destination": [
    {
      facts: {
        destination: { ...madeUpDestination("handover", ""), spec: { bucket: { url: "gs://handover" } } },
      },
    },
    "settle place 0 at gs://handover/default/reports",
  ],
  "waits for its destination, without a finalizer": [
    { facts: { destination: undefined } },
    "set status Unknown DestinationMissing",
  ],
  "goes on where it lies though its destination has gone": [
    { status: queued, facts: { destination: undefined } },
    `start job 0 at ${location}`,
  ],
  "goes on after a crash with the same attempt, whatever it did": [
    { status: says("Unknown", "Packing", { location, failures: 2, progress }) },
    `start job 2 at ${location}`,
  ],
  "waits for its next attempt": [{ status: retrying }, "wait 3 s"],
  "makes its next attempt in time": [
    { status: retrying, facts: { now: now + 3000 } },
    `start job 2 at ${location}`,
  ],
  "makes its next attempt at once when its spec was changed": [
    { metadata: { generation: 2 }, status: retrying },
    `start job 2 at ${location}`,
  ],
  "is suspended": [{ spec: { suspend: true } }, "set status Unknown Suspended"],
  "is suspended though its attempt is due": [
    { spec: { suspend: true }, status: retrying },
    "set status Unknown Suspended",
  ],
  "goes on when it is no longer suspended": [
    { status: says("Unknown", "Suspended", { location }) },
    `start job 0 at ${location}`,
  ],
  "is suspended as long as its job is": [
    {
      spec: { suspend: true },
      status: says("Unknown", "Packing", { location }),
      facts: { job: job("suspended") },
    },
    "set status Unknown Suspended",
  ],
  "goes on with its suspended job": [
    {
      status: says("Unknown", "Suspended", { location }),
      facts: { job: job("suspended") },
    },
    `start job 0 at ${location}`,
  ],
  "has its suspended job stopped when it is cancelled": [
    {
      spec: { cancel: true, suspend: true },
      status: says("Unknown", "Canceling", { location }),
      facts: { job: job("suspended") },
    },
    "stop job",
  ],
  "is cancelled at once where nothing was done": [{ spec: { cancel: true } }, "set status False Canceled"],
  "says that it is being cancelled where there may be data": [
    { spec: { cancel: true }, status: queued },
    "set status Unknown Canceling",
  ],
  "removes its data when it is cancelled": [
    { spec: { cancel: true }, status: says("Unknown", "Canceling", { location }) },
    `remove data at ${location}, Canceling`,
  ],
  "gets the finalizer when it is cancelled, though its data was to be retained": [
    {
      spec: { cancel: true, deletionPolicy: "Retain" },
      metadata: noFinalizer,
      status: says("Unknown", "Canceling", { location }),
    },
    "add finalizer",
  ],
  "is cancelled though it is suspended": [
    { spec: { cancel: true, suspend: true }, status: says("Unknown", "Canceling") },
    "set status False Canceled",
  ],
});

const running = job("running");
const isRunning = { facts: { job: running } };
const packing = (decideExport(factsOf(isRunning)) as { status: ExportStatus }).status;
const unscheduled = job("queued", { waiting: { reason: "Unschedulable", message: "no node takes the pod" } });
const stuck = (
  decideExport(factsOf({ ...isRunning, facts: { job: unscheduled } })) as { status: ExportStatus }
).status;
const later = { ...running, progress: { ...progress, bytes: 4000 } };

table("an export with a job under way", {
  "is queued": [{ ...isRunning, facts: { job: job("queued") } }, "set status Unknown Queued"],
  "is planned": [
    { ...isRunning, facts: { job: job("running", { progress: { ...progress, planned: false } }) } },
    "set status Unknown Planning",
  ],
  "is packed": [isRunning, "set status Unknown Packing"],
  "has nothing to say again": [{ ...isRunning, status: packing }, "nothing"],
  "says how far it is": [
    { ...isRunning, status: packing, facts: { job: later, statusWrittenAt: now - 1000 } },
    "set progress",
  ],
  "says so once a second": [
    { ...isRunning, status: packing, facts: { job: later, statusWrittenAt: now - 400 } },
    "wait 0.6 s",
  ],
  "says more than progress at once": [
    { ...isRunning, status: packing, facts: { job: job("queued"), statusWrittenAt: now - 400 } },
    "set status Unknown Queued",
  ],
  "does not wait for a clock that was put back": [
    { ...isRunning, status: packing, facts: { job: later, statusWrittenAt: now + 3_600_000 } },
    "set progress",
  ],
  "is begun anew when its job can't begin and its spec was changed": [
    { metadata: { generation: 2 }, status: stuck, facts: { job: unscheduled } },
    "stop job",
  ],
  "waits on when its job can't begin and nothing was changed": [
    { status: stuck, facts: { job: unscheduled } },
    "nothing",
  ],
  "goes on with a job that has begun when its spec is changed": [
    { metadata: { generation: 2 }, status: packing, facts: { job: running } },
    "set status Unknown Packing",
  ],
  "is suspended when that is asked for": [{ ...isRunning, spec: { suspend: true } }, "suspend job"],
  "says that it is being cancelled": [
    { ...isRunning, spec: { cancel: true }, status: packing },
    "set status Unknown Canceling",
  ],
  "is stopped when it is cancelled": [
    { ...isRunning, spec: { cancel: true }, status: says("Unknown", "Canceling", { location }) },
    "stop job",
  ],
});

table("an export whose attempt failed", {
  "tries again": [{ facts: { job: full } }, "set status Unknown Retrying"],
  "has counted it": [{ status: retrying, facts: { job: full } }, "forget job"],
  "counts the next one too": [
    { status: retrying, facts: { job: { ...full, attempt: 2 } } },
    "set status Unknown Retrying",
  ],
  "gives up after its limit": [
    { spec: { backoffLimit: 2 }, status: inVain, facts: { job: { ...full, attempt: 2 } } },
    "set status False DestinationFull",
  ],
  "tries again beyond its limit where it gets on": [
    {
      spec: { backoffLimit: 2 },
      status: { ...inVain, retries: { inVain: 2, safeParts: 0 } },
      facts: { job: { ...full, attempt: 2 } },
    },
    "set status Unknown Retrying",
  ],
  "gives up at once where it may not fail": [
    { spec: { backoffLimit: 0 }, facts: { job: { ...full, parts: { succeeded: 0, reused: 0 } } } },
    "set status False DestinationFull",
  ],
  "gives up at once where somebody must act": [
    { facts: { job: denied } },
    "set status False SourceUnreadable",
  ],
  "tries again after what nobody expected": [
    { facts: { job: job("failed", { error: { message: "x is not a function" } }) } },
    "set status Unknown Retrying",
  ],
  "counts it though it is suspended": [
    { spec: { suspend: true }, facts: { job: full } },
    "set status Unknown Retrying",
  ],
  "is cancelled without counting it": [
    { spec: { cancel: true }, status: says("Unknown", "Canceling"), facts: { job: full } },
    "forget job",
  ],
});

const completion: Record<string, readonly [Case, string]> = {};
for (const spec of [{}, { cancel: true }, { suspend: true }, { cancel: true, suspend: true }])
  completion[`has succeeded, ${JSON.stringify(spec)}`] = [
    { spec, status: queued, facts: { job: succeeded } },
    "set status True Completed",
  ];
table("an export whose attempt is done", {
  ...completion,
  "has succeeded with differences": [
    { facts: { job: job("succeeded", { result: { ...result, differences: 2 } }) } },
    "set status True CompletedWithDifferences",
  ],
});

const ttl = { ttlSecondsAfterFinished: 100 };
table("an export that has ended", {
  "well, is left alone": [{ status: completedStatus }, "nothing"],
  "well, is left alone though its destination and job are unknown": [
    { status: completedStatus, facts: { destination: undefined, job: undefined } },
    "nothing",
  ],
  "well, can't be cancelled or suspended": [
    { spec: { cancel: true, suspend: true }, status: completedStatus },
    "nothing",
  ],
  "gets the finalizer when its data is no longer to be retained": [
    { metadata: noFinalizer, status: completedStatus },
    "add finalizer",
  ],
  "loses the finalizer when its data is to be retained after all": [
    { spec: { deletionPolicy: "Retain" }, status: completedStatus },
    "remove finalizer",
  ],
  "as cancelled, has no finalizer": [
    { metadata: withFinalizer, status: says("False", "Canceled") },
    "remove finalizer",
  ],
  "badly, is not begun again": [{ status: says("False", "DestinationFull", { location }) }, "nothing"],
  "has its job forgotten": [{ status: completedStatus, facts: { job: succeeded } }, "forget job"],
  "has what still runs stopped": [{ status: completedStatus, facts: { job: running } }, "stop job"],
  "gets the time at which it expires": [{ spec: ttl, status: completedStatus }, "set status True Completed"],
  "waits until it expires": [
    { spec: ttl, status: { ...completedStatus, expirationTime: at(40) } },
    "wait 40 s",
  ],
  expires: [
    { spec: ttl, status: { ...completedStatus, expirationTime: at(40) }, facts: { now: now + 40_000 } },
    "delete expired",
  ],
  "expires by what its spec says now": [
    { spec: { ttlSecondsAfterFinished: 0 }, status: { ...completedStatus, expirationTime: at(40) } },
    "delete expired",
  ],
  "never expires when its spec no longer says so": [
    { status: { ...completedStatus, expirationTime: at(-40) } },
    "set status True Completed",
  ],
  "expires though it was cancelled": [
    {
      spec: { ...ttl, ttlSecondsAfterFinished: 10 },
      status: says("False", "Canceled", { completionTime: at(-20) }),
    },
    "delete expired",
  ],
});

const isDeleting = says("Unknown", "Deleting", { location });
table("an export that is being deleted", {
  "says so": [{ metadata: deleting, status: completedStatus }, "set status Unknown Deleting"],
  "is stopped": [{ metadata: deleting, status: isDeleting, facts: { job: running } }, "stop job"],
  "has its job forgotten": [
    { metadata: deleting, status: isDeleting, facts: { job: succeeded } },
    "forget job",
  ],
  "loses its data": [{ metadata: deleting, status: isDeleting }, `remove data at ${location}, Deleting`],
  "loses what was never begun": [
    { metadata: deleting, status: says("Unknown", "Deleting") },
    "remove data at no place, Deleting",
  ],
  "keeps its data": [
    { spec: { deletionPolicy: "Retain" }, metadata: deleting, status: isDeleting },
    "remove finalizer",
  ],
  "waits before it tries again to lose its data": [
    { metadata: deleting, status: isDeleting, facts: { removalNotBefore: now + 2000 } },
    "wait 2 s",
  ],
  "need not wait to keep it": [
    {
      spec: { deletionPolicy: "Retain" },
      metadata: deleting,
      status: isDeleting,
      facts: { removalNotBefore: now + 2000 },
    },
    "remove finalizer",
  ],
  "waits for others when its own finalizer is gone": [
    { metadata: { ...deleting, finalizers: ["example.org/other"] }, status: isDeleting },
    "nothing",
  ],
  "is not cancelled": [
    { spec: { cancel: true }, metadata: deleting, status: isDeleting },
    `remove data at ${location}, Deleting`,
  ],
});

const previousIs = (status?: ExportStatus, metadata: Partial<ObjectMeta> = {}): Export =>
  madeUpExport("sunday", {}, { metadata, ...(status === undefined ? {} : { status }) });
const sunday = { ...completedStatus, location: "/mnt/handover/default/sunday" };
const after = (previous: Export | undefined, status?: ExportStatus): Case => ({
  spec: { previous: { name: "sunday" } },
  ...(status === undefined ? {} : { status }),
  facts: { previous },
});
table("an export after another one", {
  "begins when that is finished": [after(previousIs(sunday)), `settle place 0 at ${location}`],
  "waits while that is worked on": [after(previousIs(packing)), "set status Unknown Pending"],
  "waits while that is new": [after(previousIs()), "set status Unknown Pending"],
  "fails where there is none": [after(undefined), "set status False PreviousNotFound"],
  "fails where that has failed": [
    after(previousIs(says("False", "Canceled"))),
    "set status False PreviousNotFound",
  ],
  "fails where that is going": [after(previousIs(sunday, deleting)), "set status False PreviousNotFound"],
  "goes on without it once it was begun": [after(undefined, queued), `start job 0 at ${location}`],
});

test("an attempt is told where the parts lie that may be taken over", () => {
  const taken = (given: Case): string | undefined => {
    const step = decideExport(factsOf(given));
    return "previous" in step ? step.previous : assert.fail(step.kind);
  };
  assert.equal(taken(after(previousIs(sunday))), "/mnt/handover/default/sunday");
  assert.equal(taken(after(previousIs(sunday), queued)), "/mnt/handover/default/sunday");
  assert.equal(taken(after(undefined, queued)), undefined);
});

test("a status that was set is not set again", () => {
  const cases: Case[] = [
    { facts: { destination: undefined } },
    { spec: { suspend: true } },
    { ...after(previousIs(packing)), metadata: {} },
    { spec: ttl, status: completedStatus },
    isRunning,
    { metadata: deleting, status: completedStatus },
  ];
  for (const given of cases) {
    const first = decideExport(factsOf(given));
    assert.ok(first.kind === "set status");
    const second = decideExport(factsOf({ ...given, status: first.status }));
    assert.notEqual(second.kind, "set status", JSON.stringify(given));
  }
});
