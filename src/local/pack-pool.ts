/** Packs with worker threads of this machine. */
import { setTimeout } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import { LongshoreError } from "../domain/errors.ts";
import type { PackOutcome, PackTask } from "../domain/pack-task.ts";
import type { PackPool, PackPoolOptions } from "../domain/ports/pack-pool.ts";
import { restoreError } from "./worker-error.ts";
import type { FromWorker, ToWorker } from "./worker-messages.ts";

interface Waiting {
  readonly task: PackTask;
  readonly resolve: (outcome: PackOutcome) => void;
  readonly reject: (error: unknown) => void;
}

interface Thread {
  readonly worker: Worker;
  /** Parts it works on that are not safe yet, by number. */
  readonly unsafe: Map<number, Waiting>;
  busy: boolean;
}

interface LocalPoolOptions extends PackPoolOptions {
  /** Milliseconds that a worker may take to come to a stop by itself before it is ended; a second unless said. */
  readonly grace?: number;
}

/** `program` is the worker's module; it is started at once, so that it is loaded when the first part is planned. */
export function startPackPool(program: URL, options: LocalPoolOptions): PackPool {
  const queue: Waiting[] = [];
  const threads: Thread[] = [];
  let lost: LongshoreError | undefined;
  let stopping = false;

  const { workers, workersAtOnce = workers, grace = 1000 } = options;
  for (let i = 0; i < Math.min(workers, workersAtOnce); i++) threads.push(startThread());
  return {
    pack: async (task, signal) => {
      signal.throwIfAborted();
      if (lost !== undefined) throw lost;
      const { promise, resolve, reject } = Promise.withResolvers<PackOutcome>();
      const waiting = { task, resolve, reject };
      const cancel = (): void => {
        const position = queue.indexOf(waiting);
        if (position !== -1) queue.splice(position, 1);
        reject(signal.reason);
      };
      signal.addEventListener("abort", cancel, { once: true });
      queue.push(waiting);
      dispatch();
      try {
        return await promise;
      } finally {
        signal.removeEventListener("abort", cancel);
      }
    },
    [Symbol.asyncDispose]: async () => {
      stopping = true;
      await Promise.all(threads.map((thread) => stop(thread.worker, grace)));
      const stopped = new LongshoreError("Interrupted", "the workers of this export were stopped");
      for (const thread of threads) giveUp(thread, stopped);
    },
  };

  function startThread(): Thread {
    const worker = new Worker(program, { workerData: options.job });
    const thread: Thread = { worker, unsafe: new Map(), busy: false };
    worker.on("message", (message: FromWorker) => receive(thread, message));
    worker.on("error", (error) => lose(thread, error));
    worker.on("exit", (code) => {
      if (!stopping) lose(thread, new Error(`a worker ended with ${code}`));
    });
    return thread;
  }

  function dispatch(): void {
    for (const thread of threads) if (!thread.busy && !give(thread)) return;
    while (queue.length > 0 && threads.length < workers) {
      const thread = startThread();
      threads.push(thread);
      give(thread);
    }
  }

  /** Says whether there was work. */
  function give(thread: Thread): boolean {
    const waiting = queue.shift();
    if (waiting === undefined) return false;
    thread.busy = true;
    thread.unsafe.set(waiting.task.part.number, waiting);
    post(thread.worker, { kind: "pack", task: waiting.task });
    return true;
  }

  function receive(thread: Thread, message: FromWorker): void {
    switch (message.kind) {
      case "progress":
        options.onProgress(message.progress);
        return;
      case "ready":
        thread.busy = false;
        dispatch();
        return;
      case "safe":
        settle(thread, message.outcome.number)?.resolve(message.outcome);
        return;
      case "failed":
        settle(thread, message.number)?.reject(restoreError(message.error));
    }
  }

  /** Nothing is known of a lost worker's part, so nobody may go on as if it were safe. */
  function lose(thread: Thread, cause: unknown): void {
    lost ??= new LongshoreError("WorkerLost", "a worker of this export ended without a word", { cause });
    giveUp(thread, lost);
  }

  function giveUp(thread: Thread, reason: LongshoreError): void {
    for (const waiting of [...thread.unsafe.values(), ...queue.splice(0)]) waiting.reject(reason);
    thread.unsafe.clear();
  }
}

function settle(thread: Thread, number: number): Waiting | undefined {
  const waiting = thread.unsafe.get(number);
  thread.unsafe.delete(number);
  return waiting;
}

function post(worker: Worker, message: ToWorker): void {
  worker.postMessage(message);
}

async function stop(worker: Worker, grace: number): Promise<void> {
  const hasEnded = worker.threadId === -1;
  if (hasEnded) return;
  const waited = new AbortController();
  const ended = new Promise<void>((resolve) => worker.once("exit", () => resolve()));
  post(worker, { kind: "stop" });
  await Promise.race([ended, setTimeout(grace, undefined, { signal: waited.signal }).catch(() => undefined)]);
  waited.abort();
  await worker.terminate();
}
