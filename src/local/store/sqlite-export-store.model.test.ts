import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { databasePlace } from "../../../test/fixtures/local-database.ts";
import { newExport } from "../../../test/fixtures/resources.ts";
import type { ExportStore, ResourceKey } from "../../domain/ports/export-store.ts";
import type { Export } from "../../domain/resources/resource.ts";
import type { LocalDatabase } from "./open-database.ts";
import { sqliteExportStore } from "./sqlite-export-store.ts";

const { signal } = new AbortController();

/** A call with its arguments; `isStale` writes with the version before the last. */
type Command =
  | { readonly type: "create"; readonly key: ResourceKey; readonly finalizers: string[] }
  | {
      readonly type: "update";
      readonly key: ResourceKey;
      readonly finalizers: string[];
      readonly label: string;
      readonly suspend: boolean;
      readonly isStale: boolean;
    }
  | {
      readonly type: "status";
      readonly key: ResourceKey;
      readonly failures: number;
      readonly isStale: boolean;
    }
  | { readonly type: "delete"; readonly key: ResourceKey; readonly withUid: boolean }
  | { readonly type: "reopen" };

const key = fc.record({
  namespace: fc.constantFrom("a", "b"),
  name: fc.constantFrom("x", "x-y", "x.y"),
});
const finalizers = fc.uniqueArray(fc.constantFrom("f/1", "f/2"), { maxLength: 2 });
const isStale = fc.nat(3).map((n) => n === 0);
const command: fc.Arbitrary<Command> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ type: fc.constant("create" as const), key, finalizers }) },
  {
    weight: 5,
    arbitrary: fc.record({
      type: fc.constant("update" as const),
      key,
      finalizers,
      label: fc.constantFrom("", "1", "2"),
      suspend: fc.boolean(),
      isStale,
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ type: fc.constant("status" as const), key, failures: fc.nat(2), isStale }),
  },
  { weight: 4, arbitrary: fc.record({ type: fc.constant("delete" as const), key, withUid: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant("reopen" as const) }) },
);

/** What the store should hold, told in the plainest way. */
interface Held {
  uid: string;
  /** Versions of the resource so far, the last being the one that counts. */
  versions: string[];
  generation: number;
  finalizers: string[];
  label: string;
  suspend: boolean;
  failures: number | undefined;
  isMarked: boolean;
}

class Model {
  readonly held = new Map<string, Held>();
  version = 0;

  /** The code of the error, or "DELETED", "same", "written". */
  expected(command: Exclude<Command, { type: "reopen" }>): string {
    const held = this.held.get(idOf(command.key));
    if (command.type === "create") return held === undefined ? "written" : "AlreadyExists";
    return held === undefined ? "ResourceNotFound" : expectedOf(held, command);
  }

  apply(command: Exclude<Command, { type: "reopen" }>, outcome: string, uid: string): void {
    if (outcome !== "written" && outcome !== "DELETED") return;
    this.version++;
    const id = idOf(command.key);
    if (outcome === "DELETED") {
      this.held.delete(id);
      return;
    }
    const held = this.held.get(id) ?? newHeld(uid);
    this.held.set(id, held);
    held.versions.push(`${this.version}`);
    if (command.type === "create") held.finalizers = command.finalizers;
    if (command.type === "delete") held.isMarked = true;
    if (command.type === "status") held.failures = command.failures;
    if (command.type !== "update") return;
    if (held.suspend !== command.suspend) held.generation++;
    Object.assign(held, { finalizers: command.finalizers, label: command.label, suspend: command.suspend });
  }

  /** In the order of a list. */
  ids(): string[] {
    return [...this.held.keys()].toSorted();
  }
}

function expectedOf(held: Held, command: Exclude<Command, { type: "reopen" | "create" }>): string {
  if (command.type === "delete" && held.isMarked) return "same";
  if (command.type === "delete") return held.finalizers.length > 0 ? "written" : "DELETED";
  if (command.isStale && held.versions.length > 1) return "Conflict";
  if (command.type === "status") return held.failures === command.failures ? "same" : "written";
  if (held.isMarked && command.finalizers.length === 0) return "DELETED";
  return isSame(held, command) ? "same" : "written";
}

const newHeld = (uid: string): Held => ({
  uid,
  versions: [],
  generation: 1,
  finalizers: [],
  label: "",
  suspend: false,
  failures: undefined,
  isMarked: false,
});

const idOf = ({ namespace, name }: ResourceKey): string => `${namespace}/${name}`;
const isSame = (held: Held, wanted: Pick<Held, "label" | "suspend" | "finalizers">): boolean =>
  held.label === wanted.label &&
  held.suspend === wanted.suspend &&
  held.finalizers.join() === wanted.finalizers.join();

async function run(
  store: ExportStore,
  model: Model,
  command: Exclude<Command, { type: "reopen" }>,
): Promise<Export> {
  const { key: at } = command;
  if (command.type === "create")
    return store.create("Export", newExport(at, { finalizers: command.finalizers }), signal);
  const held = model.held.get(idOf(at));
  if (command.type === "delete")
    return store.delete("Export", { ...at, ...(command.withUid && held ? { uid: held.uid } : {}) }, signal);
  const before = (await store.get("Export", at, signal)) ?? (await gone(at));
  const resourceVersion = held?.versions.at(command.isStale ? -2 : -1) ?? before.metadata.resourceVersion;
  const metadata = { ...before.metadata, resourceVersion };
  if (command.type === "status")
    return store.updateStatus(
      "Export",
      { ...before, metadata, status: { failures: command.failures } },
      signal,
    );
  const labels = command.label === "" ? {} : { label: command.label };
  const spec = { ...before.spec, suspend: command.suspend };
  return store.update(
    "Export",
    { ...before, metadata: { ...metadata, labels, finalizers: command.finalizers }, spec },
    signal,
  );
}

/** A document as somebody may still have it of a resource that is not there. */
async function gone(at: ResourceKey): Promise<Export> {
  await using place = databasePlace();
  return await storeOn(place.database).create("Export", newExport(at), signal);
}

let ids = 0;
const storeOn = (database: LocalDatabase): ExportStore =>
  sqliteExportStore(database, { newId: () => `uid-${++ids}`, clock: Date });

function check(found: Export, held: Held | undefined): void {
  assert.ok(held !== undefined, `${found.metadata.name} should be gone`);
  const { uid, resourceVersion, generation, labels, finalizers: left, deletionTimestamp } = found.metadata;
  assert.deepEqual(
    [uid, resourceVersion, generation, labels?.["label"] ?? "", left ?? [], deletionTimestamp !== undefined],
    [held.uid, held.versions.at(-1), held.generation, held.label, held.finalizers, held.isMarked],
  );
  assert.deepEqual([found.spec.suspend, found.status?.failures], [held.suspend, held.failures]);
}

test("any series of calls leaves what a map would hold, and its changes replay to the same", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(command, { minLength: 1, maxLength: 40 }), async (commands) => {
      await using place = databasePlace();
      let store = storeOn(place.database);
      const model = new Model();
      for (const call of commands) {
        if (call.type === "reopen") {
          store = storeOn(await place.reopen());
          continue;
        }
        const expected = model.expected(call);
        const outcome = await run(store, model, call).catch((error: { code?: string }) => {
          if (error.code !== expected) throw error;
          return undefined;
        });
        model.apply(call, expected, outcome?.metadata.uid ?? "");
        const isWritten = expected === "written" || expected === "same" || expected === "DELETED";
        assert.equal(outcome !== undefined, isWritten, `${call.type} should be ${expected}`);
        if (outcome !== undefined && expected !== "DELETED") check(outcome, model.held.get(idOf(call.key)));
      }
      await compare(store, model);
    }),
    { numRuns: 60, seed: 20_261_120 },
  );
});

async function compare(store: ExportStore, model: Model): Promise<void> {
  const { items, resourceVersion } = await store.list("Export", {}, signal);
  assert.equal(resourceVersion, `${model.version}`);
  assert.deepEqual(
    items.map(({ metadata }) => idOf(metadata)),
    model.ids(),
  );
  for (const item of items) check(item, model.held.get(idOf(item.metadata)));
  assert.deepEqual(await replay(store, model.version), items);
}

/** The state that a reader has who saw every change from the first to `version`. */
async function replay(store: ExportStore, version: number): Promise<Export[]> {
  const state = new Map<string, Export>();
  if (version > 0)
    for await (const { type, object } of store.watch("Export", { since: "0" }, signal)) {
      const id = idOf(object.metadata);
      assert.equal(type === "ADDED", !state.has(id), `${type} ${id}`);
      if (type === "DELETED") state.delete(id);
      else state.set(id, object);
      if (object.metadata.resourceVersion === `${version}`) break;
    }
  return [...state.values()].toSorted((a, b) => (idOf(a.metadata) < idOf(b.metadata) ? -1 : 1));
}
