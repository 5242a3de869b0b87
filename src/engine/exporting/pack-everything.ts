/** Walks and packs side by side: each part is handed to the workers as soon as its page of the plan is durable. */
import { formatVersion } from "../../domain/export-options.ts";
import type { PackOutcome, PackTask } from "../../domain/pack-task.ts";
import type { PlannedPart } from "../../domain/part.ts";
import type { ExportRequest, Plan } from "../../domain/plan.ts";
import type { Format } from "../../domain/ports/format.ts";
import type { PackPool } from "../../domain/ports/pack-pool.ts";
import { documentBytes } from "../document.ts";
import { writePlan } from "../planning/plan-writer.ts";
import type { FoundExport } from "./found-export.ts";
import { requestName } from "./found-export.ts";
import { type FindReusable, reusableParts } from "./reusable-parts.ts";
import type { ExportWork } from "./export-call.ts";

export interface Begun {
  readonly request: ExportRequest;
  readonly found: FoundExport;
}

/** Resolves with the plan when every part's receipt stands. The first failure stops everything and is thrown. */
export async function packEverything(work: ExportWork, begun: Begun, signal: AbortSignal): Promise<Plan> {
  const { call, home, source, destination } = work;
  const format = await home.drivers.format(call.options.format);
  const failed = new AbortController();
  const working = AbortSignal.any([signal, failed.signal]);
  await using pool = home.startPool({
    job: {
      source: call.source,
      destination: call.location,
      options: call.options,
      resumed: begun.found.kind !== "none",
      upload: begun.request.upload,
    },
    workers: call.workers,
    onProgress: ({ bytes, files }) => home.onEvent({ kind: "packed", content: bytes, files }),
  });
  const reusable = await reusableParts(work, signal);
  const dispatcher = createDispatcher(
    { work, format, pool, reusable, fail: (error) => failed.abort(error) },
    working,
  );
  try {
    if (begun.found.kind === "planned") {
      const { plan } = begun.found;
      home.onEvent({ kind: "planned", ...plan.totals, parts: plan.parts.length, done: true });
      for (const part of plan.parts) dispatcher.add(part);
      await dispatcher.done();
      return plan;
    }
    const parts: PlannedPart[] = [];
    const walked = source.walk(walkOptions(work, format), working);
    const totals = await writePlan(
      walked,
      {
        destination,
        format,
        options: call.options,
        clock: home.clock,
        onPart: (part) => {
          parts.push(part);
          home.onEvent({ kind: "planned", content: part.content, files: part.files, parts: 1, done: false });
          dispatcher.add(part);
        },
      },
      working,
    );
    const plannedAt = new Date(home.clock.now()).toISOString();
    const plan: Plan = { formatVersion, request: begun.request, plannedAt, totals, parts };
    home.onEvent({ kind: "planned", content: 0, files: 0, parts: 0, done: true });
    await destination.put("plan.json", documentBytes(plan), working);
    await destination.remove(requestName, working);
    await dispatcher.done();
    return plan;
  } catch (error) {
    signal.throwIfAborted();
    throw failed.signal.aborted ? failed.signal.reason : error;
  }
}

function walkOptions({ call, home }: ExportWork, format: Format) {
  const { include, exclude, crossFileSystems } = call.options;
  return {
    include,
    exclude,
    crossFileSystems,
    hardLinks: format.hardLinks,
    scratch: call.scratch,
    onOtherFileSystem: (path: string) =>
      home.onEvent({
        kind: "notice",
        message: `${path} is on another file system and was not entered (--cross-file-systems enters it)`,
      }),
  };
}

interface DispatcherOptions {
  readonly work: ExportWork;
  readonly format: Format;
  readonly pool: PackPool;
  readonly reusable: FindReusable;
  readonly fail: (error: unknown) => void;
}

interface Dispatcher {
  add(part: PlannedPart): void;
  /** Waits until every part added is safe; throws the first failure. */
  done(): Promise<void>;
}

function createDispatcher(options: DispatcherOptions, signal: AbortSignal): Dispatcher {
  const { work, format, pool, reusable } = options;
  const outcomes: Promise<void>[] = [];
  /** The parts of the split file that the last added part ends inside of. */
  let pieces: Promise<void>[] = [];
  return {
    add: (part) => {
      const needed = format.layout === "archive" && format.closesSplitFiles && !part.endsInside ? pieces : [];
      const outcome = Promise.all(needed).then(() => pack(part));
      outcome.catch(options.fail);
      outcomes.push(outcome);
      pieces = part.endsInside ? [...pieces, outcome] : [];
    },
    done: async () => void (await Promise.all(outcomes)),
  };

  async function pack(part: PlannedPart): Promise<void> {
    const reuse = reusable(part.key);
    const task: PackTask = reuse === undefined ? { part } : { part, reuse };
    const outcome: PackOutcome = await pool.pack(task, signal);
    if (outcome.way !== "packed")
      work.home.onEvent({ kind: "packed", content: part.content, files: part.files });
    work.home.onEvent({ kind: "part", reused: outcome.way === "reused" });
  }
}
