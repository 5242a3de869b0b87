import assert from "node:assert/strict";
import { test } from "node:test";
import { databasePlace } from "../../../test/fixtures/local-database.ts";
import { type GroupCommit, groupCommit } from "./group-commit.ts";
import type { LocalDatabase } from "./open-database.ts";

const { signal } = new AbortController();

/** A database whose transactions are counted, and writes of names to it. */
function counted(database: LocalDatabase) {
  let transactions = 0;
  const committed: string[] = [];
  const commits = groupCommit({
    ...database,
    write: (work) => {
      transactions++;
      return database.write(work);
    },
  });
  const insert = database.prepare("INSERT INTO grant_usage VALUES (?, 1, 1)");
  const names = (): string[] =>
    database
      .prepare("SELECT uid FROM grant_usage ORDER BY uid")
      .all()
      .map(({ uid }) => String(uid));
  const add = (name: string, decide = (): string => name, at: AbortSignal = signal): Promise<string> =>
    (commits satisfies GroupCommit).add(
      {
        decide,
        apply: (decided) => void insert.run(decided),
        committed: (decided) => void committed.push(decided),
      },
      at,
    );
  return { add, names, committed, transactions: () => transactions };
}

test("writes of the same time share transactions, in their order, each seeing those before it", async () => {
  await using place = databasePlace();
  const { add, names, committed, transactions } = counted(place.database);
  const all = Array.from({ length: 600 }, (_, i) => `x-${String(i).padStart(3, "0")}`);
  const seen = await Promise.all(all.map((name) => add(name, () => `${name} after ${names().length}`)));
  assert.deepEqual(
    seen,
    all.map((name, i) => `${name} after ${i}`),
  );
  assert.deepEqual(committed, seen);
  assert.equal(transactions(), 3);
});

test("one that refuses or was cancelled does not disturb the others", async () => {
  await using place = databasePlace();
  const { add, names, committed, transactions } = counted(place.database);
  const refusal = new Error("not this one");
  const controller = new AbortController();
  const outcomes = Promise.allSettled([
    add("a"),
    add("b", () => {
      throw refusal;
    }),
    add("c", undefined, controller.signal),
    add("d"),
  ]);
  controller.abort(new Error("enough"));
  assert.deepEqual(
    (await outcomes).map((outcome) =>
      outcome.status === "fulfilled" ? outcome.value : outcome.reason.message,
    ),
    ["a", "not this one", "enough", "d"],
  );
  assert.deepEqual(names(), ["a", "d"]);
  assert.deepEqual(committed, ["a", "d"]);
  assert.equal(transactions(), 1);
});

test("nothing of a transaction that failed was written, and all are told", async () => {
  await using place = databasePlace();
  const { add, names, committed } = counted(place.database);
  const outcomes = await Promise.allSettled([add("a"), add("b"), add("a"), add("c")]);
  assert.deepEqual(new Set(outcomes.map(({ status }) => status)), new Set(["rejected"]));
  assert.deepEqual([names(), committed], [[], []]);
  assert.equal(await add("a"), "a");
  const late = add("d");
  await Promise.all([assert.rejects(late, { code: "Interrupted" }), place.database[Symbol.asyncDispose]()]);
});
