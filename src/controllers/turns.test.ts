import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import type { ResourceKey } from "../domain/ports/export-store.ts";
import { keyText, parseKey } from "./controller.ts";
import { createTurns } from "./turns.ts";

const time = (seconds: number): string =>
  new Date(Date.UTC(2026, 0, 1) + seconds * 1000).toISOString().replace(".000Z", "Z");

/** Turns of exports by their keys, "a/x"; their creation is in seconds. */
function desk(maxRunning: number, maxRunningPerNamespace: number, running: readonly string[] = []) {
  const called: string[] = [];
  const limits = { maxRunning, maxRunningPerNamespace };
  const turns = createTurns(limits, running.map(parseKey), (key) => called.push(key));
  return {
    called,
    ask: (key: string, { created = 0, isStuck = false } = {}): string | undefined =>
      turns.ask({ key: parseKey(key), created: time(created), isStuck }),
    giveUp: (key: string): void => turns.giveUp(parseKey(key)),
  };
}

const all = "waits for its turn: no more than 2 exports run at the same time (maxRunning)";
const namespace =
  "waits for its turn: no more than 1 exports of one namespace run at the same time (maxRunningPerNamespace)";

describe("turns", () => {
  test("as many as may, and the next when one has ended", () => {
    const { ask, giveUp, called } = desk(2, 2);
    assert.deepEqual([ask("a/1"), ask("b/1"), ask("c/1")], [undefined, undefined, all]);
    giveUp("b/1");
    assert.deepEqual(called, ["c/1"]);
    assert.equal(ask("c/1"), undefined);
    assert.equal(ask("b/1"), all);
  });

  test("the oldest is the next, whenever it came", () => {
    const { ask, giveUp, called } = desk(2, 2, ["a/1", "a/2"]);
    ask("b/young", { created: 30 });
    ask("b/old", { created: 10 });
    ask("b/older", { created: 9 });
    ask("b/same", { created: 10 });
    for (const key of ["a/1", "a/2", "b/older", "b/old"]) giveUp(key);
    assert.deepEqual(called, ["b/older", "b/old", "b/same", "b/young"]);
  });

  test("who may not for its namespace keeps nobody else waiting", () => {
    const { ask, giveUp, called } = desk(2, 1);
    assert.equal(ask("a/1"), undefined);
    assert.equal(ask("a/2", { created: 1 }), namespace);
    assert.equal(ask("b/1", { created: 2 }), undefined);
    assert.equal(ask("c/1", { created: 3 }), all);
    giveUp("b/1");
    assert.deepEqual(called, ["c/1"]);
    giveUp("a/1");
    assert.deepEqual(called, ["c/1", "a/2"]);
  });

  test("who can't go on keeps its namespace waiting and no other", () => {
    const { ask, called } = desk(2, 1);
    ask("a/1");
    ask("b/1");
    assert.equal(ask("c/1"), all);
    assert.equal(ask("a/1", { isStuck: true }), undefined);
    assert.deepEqual(called, ["c/1"]);
    assert.equal(ask("a/2"), all);
    // It goes on: what runs is never stopped for it.
    assert.equal(ask("a/1"), undefined);
    assert.deepEqual(called, ["c/1"]);
  });

  test("who waits no more is not called", () => {
    const { ask, giveUp, called } = desk(1, 1, ["a/1"]);
    ask("b/1", { created: 1 });
    ask("c/1", { created: 2 });
    giveUp("b/1");
    giveUp("a/1");
    assert.deepEqual(called, ["c/1"]);
  });

  test("what runs already goes on, though more than may", () => {
    const { ask, giveUp, called } = desk(1, 1, ["a/1", "a/2", "b/1"]);
    for (const key of ["a/1", "a/2", "b/1"]) assert.equal(ask(key), undefined);
    ask("c/1");
    giveUp("a/1");
    giveUp("a/2");
    assert.deepEqual(called, []);
    giveUp("b/1");
    assert.deepEqual(called, ["c/1"]);
  });

  test("hold their limits, and leave no place empty that somebody waits for, whatever comes", () => {
    const key = fc.tuple(fc.constantFrom("a", "b", "c"), fc.constantFrom("1", "2", "3", "4"));
    const step = fc.record({ key, asks: fc.boolean(), created: fc.nat(9) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), fc.integer({ min: 1, max: 5 }), (steps, most) => {
        const holders = new Set<string>();
        const waiting = new Set<string>();
        const limits = { maxRunning: most, maxRunningPerNamespace: 2 };
        const turns = createTurns(limits, [], (called) => {
          assert.ok(waiting.delete(called));
          holders.add(called);
        });
        for (const {
          key: [space, name],
          asks,
          created,
        } of steps) {
          const one: ResourceKey = { namespace: space, name };
          const text = keyText(one);
          waiting.delete(text);
          if (asks) {
            const reason = turns.ask({ key: one, created: time(created), isStuck: false });
            (reason === undefined ? holders : waiting).add(text);
          } else {
            holders.delete(text);
            turns.giveUp(one);
          }
          const of = (wanted: string): number =>
            [...holders].filter((held) => held.startsWith(wanted)).length;
          assert.ok(holders.size <= most && ["a", "b", "c"].every((other) => of(other) <= 2));
          for (const left of waiting)
            assert.ok(
              holders.size === most || of(parseKey(left).namespace) === 2,
              `${left} could have begun`,
            );
        }
      }),
    );
  });
});
