import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test } from "node:test";
import { databasePlace } from "../../../test/fixtures/local-database.ts";
import { newExport, succeeded } from "../../../test/fixtures/resources.ts";
import type { ResourceEvent } from "../../domain/ports/export-store.ts";
import type { Export } from "../../domain/resources/resource.ts";
import { sqliteExportStore } from "./sqlite-export-store.ts";

const count = 5000;
const { signal } = new AbortController();

// It prints its figures and asserts none: they are the machine's.
test(`${count} exports are listed, read, changed and watched whole`, async (t) => {
  await using place = databasePlace();
  const store = sqliteExportStore(place.database, { newId: randomUUID, clock: Date });
  const say = (what: string, times: readonly number[]): void => {
    const sorted = times.toSorted((a, b) => a - b);
    const at = (share: number): string => (sorted[Math.floor((sorted.length - 1) * share)] ?? 0).toFixed(2);
    t.diagnostic(`${what}: median ${at(0.5)} ms, 99th percentile ${at(0.99)} ms, ${times.length} runs`);
  };
  const timed = async <T>(times: number[], work: () => Promise<T>): Promise<T> => {
    const began = performance.now();
    const result = await work();
    times.push(performance.now() - began);
    return result;
  };
  const nameAt = (i: number): string => `x-${String(i).padStart(4, "0")}`;

  const [creating, listing, getting, updating, together, waking, showing]: number[][] = Array.from(
    { length: 7 },
    () => [],
  );
  assert.ok(creating && listing && getting && updating && together && waking && showing);
  const made: Export[] = [];
  for (let first = 0; first < count; first += 50)
    made.push(
      ...(await timed(creating, () =>
        Promise.all(
          Array.from({ length: 50 }, (_, i) =>
            store.create(
              "Export",
              {
                ...newExport({ namespace: "a", name: nameAt(first + i) }),
                status: { conditions: succeeded("Packing") },
              },
              signal,
            ),
          ),
        ),
      )),
    );
  say("create, 50 at a time", creating);

  let next: string | undefined;
  const listed: Export[] = [];
  do {
    const page = await timed(listing, () => store.list("Export", { continue: next, limit: 500 }, signal));
    listed.push(...page.items);
    next = page.continue;
  } while (next !== undefined);
  assert.deepEqual(listed, made);
  say("list of 500", listing);

  for (let i = 0; i < 500; i++) {
    const name = nameAt((i * 7919) % count);
    const found: Export | undefined = await timed(getting, () =>
      store.get("Export", { namespace: "a", name }, signal),
    );
    assert.equal(found?.metadata.name, name);
  }
  say("get", getting);

  const report = async (index: number, failures: number): Promise<void> => {
    const resource = made[index];
    assert.ok(resource !== undefined);
    made[index] = await store.updateStatus("Export", { ...resource, status: { failures } }, signal);
  };
  for (let i = 0; i < 200; i++) await timed(updating, () => report(i * 17, 1));
  say("status of one", updating);
  const all = Array.from({ length: count }, (_, i) => i);
  await timed(together, () => Promise.all(all.map((i) => report(i, 2))));
  say(`status of ${count} at once`, together);

  const seen = new Set<string>();
  await timed(showing, async () => {
    for await (const { object } of store.watch("Export", {}, signal)) {
      seen.add(object.metadata.uid);
      if (seen.size === count) break;
    }
  });
  assert.equal(seen.size, count);
  say("beginning of a watch", showing);

  const since = (await store.list("Export", { limit: 1 }, signal)).resourceVersion;
  const watches = Array.from({ length: 100 }, () =>
    store.watch("Export", { since }, signal)[Symbol.asyncIterator](),
  );
  for (let i = 0; i < 20; i++) {
    const woken = Promise.all(watches.map((watch) => watch.next()));
    const events: IteratorResult<ResourceEvent<"Export">>[] = await timed(waking, async () => {
      await report(i, 3 + i);
      return await woken;
    });
    for (const { value } of events) assert.equal(value?.object.status?.failures, 3 + i);
  }
  say("status of one until 100 watches have it", waking);
  for (const watch of watches) await watch.return?.();
  t.diagnostic(`${Math.round(process.memoryUsage().rss / 2 ** 20)} MiB resident`);
});
