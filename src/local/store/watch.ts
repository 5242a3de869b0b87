/**
 * A watch: reads the history from its own position instead of queueing, so that a slow reader costs no memory.
 *
 * What is there at the beginning is read page by page, and changes meanwhile only concern it as far as it has come:
 * those of resources that were not shown yet are skipped, because they are shown as they then are. So it holds no
 * snapshot, and every reader sees each resource's states in order.
 */
import { setImmediate } from "node:timers/promises";
import { LongshoreError } from "../../domain/errors.ts";
import type { ResourceEvent, ResourceKey, WatchQuery } from "../../domain/ports/export-store.ts";
import type { Kind } from "../../domain/resources/resource.ts";
import type { BoundedRows, DocumentRow, RowLimits } from "./bounded-rows.ts";
import type { ChangeSignal } from "./change-signal.ts";
import type { ChangeHistory, ChangeRow } from "./change-history.ts";
import type { LocalDatabase } from "./open-database.ts";
import { readDocument, type ResourceTable } from "./resource-table.ts";

export interface WatchSources {
  readonly database: LocalDatabase;
  readonly table: ResourceTable;
  readonly history: ChangeHistory;
  readonly feed: ChangeSignal;
}

/** How far a watch has come. */
interface Progress {
  /** Changes up to this version were given, or did not concern it. */
  position: number;
  /** Up to which resource the beginning was shown. */
  shown: ResourceKey | "nothing" | "everything";
}

interface Step {
  readonly events: readonly (DocumentRow & Pick<ChangeRow, "type">)[];
  /** Nothing is left to read now. */
  readonly settled: boolean;
}

const batch: RowLimits = { rows: 100, characters: 2 ** 20 };

export async function* watch<K extends Kind>(
  sources: WatchSources,
  kind: K,
  query: WatchQuery,
  outer: AbortSignal,
): AsyncGenerator<ResourceEvent<K>, void, undefined> {
  const { database, feed } = sources;
  const signal = AbortSignal.any([outer, database.closing]);
  signal.throwIfAborted();
  const progress = database.read(() => begin(sources, query));
  for (;;) {
    const { events, settled } = database.read(() => step(sources, kind, query, progress));
    for (const row of events) {
      yield { type: row.type, object: readDocument(kind, row, database.file) };
      signal.throwIfAborted();
    }
    // Between what `step` saw and the waiting there may be no turn of others, or a change would be missed.
    if (settled) progress.position = (await feed.next(kind, query, signal)) - 1;
    else await setImmediate();
    signal.throwIfAborted();
  }
}

function begin({ history }: WatchSources, { since }: WatchQuery): Progress {
  const head = history.head();
  if (since === undefined) return { position: head, shown: "nothing" };
  if (!/^\d{1,15}$/.test(since))
    throw new LongshoreError(
      "InvalidArgument",
      `${JSON.stringify(since)} is no resourceVersion to watch from`,
      {
        hint: "take it from a list, or from the last event",
      },
    );
  const position = Number(since);
  // After a restore from a backup, others may know versions that this database has not reached.
  if (position > head) throw expired(position);
  return { position, shown: "everything" };
}

/** Reads on: first the changes of what was shown, then more of the beginning. */
function step(sources: WatchSources, kind: Kind, query: WatchQuery, progress: Progress): Step {
  if (progress.shown === "nothing") return showMore(sources, kind, query, progress);
  const changes = readChanges(sources, kind, query, progress);
  if (changes.rows.length > 0 || !changes.complete) return { events: changes.rows, settled: false };
  if (progress.shown === "everything") return { events: [], settled: true };
  return showMore(sources, kind, query, progress);
}

function readChanges(
  { history }: WatchSources,
  kind: Kind,
  { namespace, name }: WatchQuery,
  progress: Progress,
): BoundedRows<ChangeRow> {
  const { position, shown } = progress;
  if (position < history.forgotten()) throw expired(position);
  const head = history.head();
  const upTo = typeof shown === "object" ? shown : undefined;
  const changes = history.read(kind, { after: position, namespace, name, upTo }, batch);
  progress.position = changes.complete ? head : (changes.rows.at(-1)?.version ?? head);
  return changes;
}

/** Up to now, nothing happened to what was shown: so the next page is as of the same version. */
function showMore(
  { history, table }: WatchSources,
  kind: Kind,
  { namespace, name }: WatchQuery,
  progress: Progress,
): Step {
  progress.position = history.head();
  const after = typeof progress.shown === "object" ? progress.shown : undefined;
  const page = table.page(kind, { namespace, name, after }, batch);
  progress.shown = page.complete ? "everything" : (page.rows.at(-1) ?? "everything");
  return { events: page.rows.map((row) => ({ ...row, type: "ADDED" as const })), settled: false };
}

const expired = (position: number): LongshoreError =>
  new LongshoreError("WatchExpired", `the changes after resourceVersion ${position} are forgotten`);
