/** Parts of a cluster are killed at random for minutes while exports begin one after the other: each ends right, and nothing is left. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { pause } from "../../src/cluster/client/pause.ts";
import { noNode } from "../cluster/image.ts";
import { noKubectl } from "../cluster/kubectl.ts";
import { seededRandom, seedOfRun } from "../fixtures/random.ts";
import { missingSwift } from "../servers/swift.ts";
import { type Begun, kinds, openArena, row } from "./arena.ts";
import { createAttacks } from "./random-attacks.ts";
import { bringBack, noVictim } from "./victim.ts";

const skip = noVictim || noNode || noKubectl || missingSwift();
const seconds = Number(process.env["LONGSHORE_TEST_CHAOS_SECONDS"] ?? 600);
/** Exports at the same time. */
const lanes = 2;
const mebibyte = 2 ** 20;

test(
  `whatever is killed at random in ${seconds} s, exports end right and leave nothing`,
  { skip, timeout: (seconds + 3600) * 1000 },
  async (t) => {
    const seed = seedOfRun();
    t.diagnostic(`LONGSHORE_TEST_SEED=${seed}`);
    await using arena = await openArena("b-chaos");
    const stopped = new AbortController();
    const until = performance.now() + seconds * 1000;
    const isOver = (): boolean => stopped.signal.aborted || performance.now() > until;
    const going = new Set<Begun>();
    const random = seededRandom(seed);
    const operators = arena.operators();
    const attacks = createAttacks({ arena, operators, going, random });
    const rows: string[] = [];
    let redone = 0;
    try {
      for (let i = 0; i < 2; i++) await operators.start();
      const work = [attack(), ...Array.from({ length: lanes }, (_, index) => lane(seed + index + 1))];
      await Promise.all(work.map(stopAtFailure));
    } catch (error) {
      await bringBack();
      await operators[Symbol.asyncDispose]();
      for (const said of operators.said()) t.diagnostic(said);
      throw error;
    } finally {
      for (const line of rows) t.diagnostic(line);
      for (const [what, times] of attacks.counts()) t.diagnostic(`${times} × ${what}`);
    }
    await operators[Symbol.asyncDispose]();
    const total = [...attacks.counts().values()].reduce((sum, times) => sum + times, 0);
    t.diagnostic(
      `${total} kills in ${seconds} s, ${rows.length} exports, ${(redone / mebibyte).toFixed(0)} MiB done again`,
    );
    assert.ok(rows.length >= lanes);

    async function attack(): Promise<void> {
      while (!isOver()) {
        await pause(2000 + random() * 6000, stopped.signal);
        await attacks.next();
      }
      await bringBack();
    }

    async function lane(ownSeed: number): Promise<void> {
      const choose = seededRandom(ownSeed);
      while (!isOver()) {
        const begun = await arena.begin(kinds[Math.floor(choose() * kinds.length)] ?? "Sequential");
        going.add(begun);
        const ended = await arena.expectRight(begun, () => attacks.podsHit(begun.uid));
        going.delete(begun);
        redone += ended.redone;
        const calm = arena.undisturbed(begun.kind).seconds;
        rows.push(row("at random", begun, attacks.podsHit(begun.uid), { ...ended, calm }));
        await arena.expectGone(begun);
      }
    }

    async function stopAtFailure(work: Promise<void>): Promise<void> {
      try {
        await work;
      } catch (error) {
        stopped.abort(error);
        throw error;
      }
    }
  },
);
