/** The worker thread's side: takes tasks one after another, and lets the last part become safe beside the next. */
import { parentPort } from "node:worker_threads";
import type { PackOutcome, PackProgress, PackTask } from "../domain/pack-task.ts";
import { describeError } from "./worker-error.ts";
import type { FromWorker, ToWorker } from "./worker-messages.ts";

/** Makes one part safe; see engine/packing/make-part-safe.ts. */
export type MakeSafe = (task: PackTask, signal: AbortSignal) => Promise<{ safe: Promise<PackOutcome> }>;

/** Parts that may be on their way to being safe while another is packed. */
const unsafeAtOnce = 2;

/** Serves the pool until it says stop. Progress is sent as it is told, at most a few times a second. */
export function servePool(start: (onProgress: (progress: PackProgress) => void) => Promise<MakeSafe>): void {
  const stopped = new AbortController();
  const unsafe = new Set<Promise<void>>();
  const reporter = progressReporter();
  const starting = start(reporter.add);
  // Whoever gets a task says why it failed.
  starting.catch(() => undefined);
  let last: Promise<void> = Promise.resolve();

  parentPort?.on("message", (message: ToWorker) => {
    switch (message.kind) {
      case "pack":
        last = last.then(() => serve(message.task));
        return;
      case "stop":
        stopped.abort();
        parentPort?.close();
    }
  });

  async function serve(task: PackTask): Promise<void> {
    const { number } = task.part;
    try {
      const makeSafe = await starting;
      const { safe } = await makeSafe(task, stopped.signal);
      const settled = safe.then(
        (outcome) => send({ kind: "safe", outcome }),
        (error: unknown) => send({ kind: "failed", number, error: describeError(error) }),
      );
      unsafe.add(settled);
      void settled.then(() => unsafe.delete(settled));
      reporter.flush();
      if (unsafe.size >= unsafeAtOnce) await Promise.race(unsafe);
    } catch (error) {
      send({ kind: "failed", number, error: describeError(error) });
    }
    send({ kind: "ready" });
  }
}

function send(message: FromWorker): void {
  parentPort?.postMessage(message);
}

/** Bytes after which a report is worth a message. */
const reportSize = 16 * 2 ** 20;

function progressReporter(): { add: (progress: PackProgress) => void; flush: () => void } {
  let bytes = 0;
  let files = 0;
  const flush = (): void => {
    if (bytes > 0 || files > 0) send({ kind: "progress", progress: { bytes, files } });
    bytes = 0;
    files = 0;
  };
  return {
    add: (progress) => {
      bytes += progress.bytes;
      files += progress.files;
      if (bytes >= reportSize || files >= 10_000) flush();
    },
    flush,
  };
}
