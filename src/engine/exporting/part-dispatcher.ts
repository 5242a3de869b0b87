/** Hands parts to the workers, each as soon as those that it needs are safe. */
import type { PackOutcome, PackTask } from "../../domain/pack-task.ts";
import type { PlannedPart } from "../../domain/part.ts";
import type { Format } from "../../domain/ports/format.ts";
import type { PackPool } from "../../domain/ports/pack-pool.ts";
import type { ExportWork } from "./export-call.ts";
import type { Begun } from "./found-export.ts";
import { type FindReusable, reusableParts } from "./reusable-parts.ts";

export interface PartDispatcher {
  /** Parts come in the order of their numbers. */
  add(part: PlannedPart): void;
  /** Waits until every part added is safe; throws the first failure. */
  done(): Promise<void>;
}

/**
 * Starts the workers, lets `dispatch` add parts and wait for them, and stops the workers. The first failure of a part cancels
 * the signal that `dispatch` is given, and is thrown.
 */
export async function withPartDispatcher<T>(
  work: ExportWork,
  begun: Begun,
  dispatch: (dispatcher: PartDispatcher, signal: AbortSignal) => Promise<T>,
  signal: AbortSignal,
): Promise<T> {
  const { call, home } = work;
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
      scratch: call.scratch,
    },
    workers: begun.request.upload === undefined ? call.workers : (call.sendingWorkers ?? call.workers),
    workersAtOnce: call.workers,
    onProgress: ({ bytes, files }) => home.onEvent({ kind: "packed", content: bytes, files }),
  });
  const reusable = await reusableParts(work, signal);
  const fail = (error: unknown): void => failed.abort(error);
  try {
    return await dispatch(createDispatcher({ work, format, pool, reusable, fail }, working), working);
  } catch (error) {
    signal.throwIfAborted();
    throw failed.signal.aborted ? failed.signal.reason : error;
  }
}

interface DispatcherOptions {
  readonly work: ExportWork;
  readonly format: Format;
  readonly pool: PackPool;
  readonly reusable: FindReusable;
  readonly fail: (error: unknown) => void;
}

function createDispatcher(options: DispatcherOptions, signal: AbortSignal): PartDispatcher {
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
