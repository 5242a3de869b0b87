/** Runs the controllers of all kinds: what changes is worked on, by its key, and what failed again later. */
import { LongshoreError } from "../domain/errors.ts";
import type { ResourceEvent, ResourceKey } from "../domain/ports/export-store.ts";
import type { RunningLimits } from "../domain/running-limits.ts";
import { type Kind, kinds } from "../domain/resources/resource.ts";
import { type Controller, type ControllerHome, isOutdated, keyText, parseKey } from "./controller.ts";
import { createDependents } from "./dependents.ts";
import { createDestinationController } from "./destination-controller.ts";
import { createExportController } from "./export-controller.ts";
import { createGrantController } from "./grant-controller.ts";
import { createTurns } from "./turns.ts";
import { backOff, createWorkQueue, type Schedule, systemSchedule, type WorkQueue } from "./work-queue.ts";

export interface ControllersOptions extends ControllerHome {
  /** Resources of each kind that are worked on at the same time. */
  readonly parallel: number;
  /** From 0 to 1, at random. */
  readonly random: () => number;
  readonly schedule?: Schedule;
  /** Absent where the runner has limits of its own. `running` are the exports that run already. */
  readonly limits?: RunningLimits & { readonly running: readonly ResourceKey[] };
  /** Told the uid of a grant that is gone, so that what was counted for it can go too. */
  readonly onGrantGone?: (uid: string) => void;
}

/** Works until cancelled, and resolves when nothing of it works any more. Jobs go on: they are the runner's. */
export async function runControllers(options: ControllersOptions, signal: AbortSignal): Promise<void> {
  const { store, runner, clock, random, limits, schedule = systemSchedule, onError } = options;
  const waitingExports = createDependents();
  const grantsOf = createDependents();
  /** Keys of exports by their uids, which is what a runner knows them by. */
  const exportKeys = new Map<string, string>();
  const newQueue = (): WorkQueue => createWorkQueue({ clock, random, schedule });
  const queues: Readonly<Record<Kind, WorkQueue>> = {
    Export: newQueue(),
    ExportDestination: newQueue(),
    DownloadGrant: newQueue(),
  };
  const running = limits?.running ?? [];
  const turns = limits && createTurns(limits, running, (key) => queues.Export.add(key));
  const controllers: Readonly<Record<Kind, Controller>> = {
    Export: createExportController(options, waitingExports, turns),
    ExportDestination: createDestinationController(options),
    DownloadGrant: createGrantController(options, grantsOf),
  };
  // One that is gone meanwhile gives its place up.
  for (const key of running) queues.Export.add(keyText(key));
  await Promise.all([
    ...everyKind.map((kind) => queues[kind].run((key) => work(kind, key), options.parallel, signal)),
    repeat("the watches", watchAll),
    repeat("the runner's changes", followRunner),
  ]);

  async function work(kind: Kind, key: string): Promise<void> {
    const queue = queues[kind];
    try {
      const next = await controllers[kind].reconcile(parseKey(key), signal);
      queue.succeeded(key);
      if (next !== undefined) queue.addAfter(key, next - clock.now());
    } catch (error) {
      if (signal.aborted) return;
      if (isOutdated(error)) return queue.add(key);
      onError(error, `${kind} ${key}`);
      queue.addAfterFailure(key);
    }
  }

  /** All of them together: when one has to list again, the others may have missed what its changes meant to them. */
  async function watchAll(isWell: () => void): Promise<void> {
    const failed = new AbortController();
    const watching = AbortSignal.any([signal, failed.signal]);
    await Promise.all(
      everyKind.map(async (kind) => {
        try {
          for await (const event of store.watch(kind, {}, watching)) {
            isWell();
            take(event);
          }
          failed.abort(new Error(`the watch of ${kind} ended by itself`));
        } catch (error) {
          failed.abort(error);
        }
      }),
    );
    watching.throwIfAborted();
  }

  function take({ type, object }: ResourceEvent<Kind>): void {
    const { kind, metadata } = object;
    const key = keyText(metadata);
    queues[kind].add(key);
    const name = { kind, namespace: metadata.namespace, name: metadata.name };
    for (const waiting of waitingExports.of(name)) queues.Export.add(waiting);
    if (kind === "DownloadGrant" && type === "DELETED") options.onGrantGone?.(metadata.uid);
    if (kind !== "Export") return;
    if (type === "DELETED") exportKeys.delete(metadata.uid);
    else exportKeys.set(metadata.uid, key);
    // Whether there is such an export is all that a grant wants to know of it.
    if (type === "MODIFIED") return;
    for (const grant of grantsOf.of(name)) queues.DownloadGrant.add(grant);
  }

  async function followRunner(isWell: () => void): Promise<void> {
    // What changed while nobody followed is not told again.
    for (const key of exportKeys.values()) queues.Export.add(key);
    for await (const uid of runner.changes(signal)) {
      isWell();
      const key = exportKeys.get(uid);
      if (key !== undefined) queues.Export.add(key);
    }
  }

  /** Does it again when it ends or fails, with a back-off that begins anew whenever it goes well. */
  async function repeat(name: string, follow: (isWell: () => void) => Promise<void>): Promise<void> {
    let failures = 0;
    while (!signal.aborted) {
      try {
        await follow(() => {
          failures = 0;
        });
      } catch (error) {
        if (signal.aborted) return;
        if (error instanceof LongshoreError && error.code === "WatchExpired") continue;
        onError(error, name);
      }
      failures++;
      await pause(backOff(failures));
    }
  }

  async function pause(milliseconds: number): Promise<void> {
    if (signal.aborted) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const callOff = schedule(milliseconds, resolve);
    const cancel = (): void => resolve();
    signal.addEventListener("abort", cancel, { once: true });
    await promise;
    signal.removeEventListener("abort", cancel);
    callOff();
  }
}

const everyKind = Object.keys(kinds) as readonly Kind[];
