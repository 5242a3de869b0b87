import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ManualClock } from "../../../test/fixtures/manual-clock.ts";
import { LongshoreError } from "../../domain/errors.ts";
import type { Pod } from "../jobs/objects.ts";
import type { KubeApi, PodLogOptions } from "../kube-api.ts";
import type { ChangesHome } from "./object-changes.ts";
import { followPodLog } from "./pod-log.ts";

const { signal } = new AbortController();
const podOf = (phase: string, uid = "u"): Pod =>
  ({ metadata: { name: "p", namespace: "n", uid }, status: { phase } }) as unknown as Pod;
const at = (second: number, text: string): string => `2026-01-01T00:00:0${second}.5Z ${text}\n`;

/** What each look at the log gives, and the pod after it; the last one is there for ever. */
type Look = readonly [log: string | LongshoreError, pod?: Pod, cut?: LongshoreError];

/** After a time in which nothing came. */
const quiet = new LongshoreError("ServerUnreachable", "nothing came for too long");

interface Followed {
  readonly lines: readonly string[];
  readonly asked: readonly PodLogOptions[];
  readonly waits: number;
}

async function follow(looks: readonly Look[], tailLines?: number): Promise<Followed> {
  const clock = new ManualClock();
  const lines: string[] = [];
  const asked: PodLogOptions[] = [];
  let waits = 0;
  const lookAt = (count: number): Look => looks[Math.min(count, looks.length) - 1] ?? [""];
  const api = {
    podLogStream: async function* (_key: unknown, options: PodLogOptions) {
      asked.push(options);
      const [log, , cut] = lookAt(asked.length);
      if (cut === quiet) clock.advance(150_000);
      if (log instanceof LongshoreError) throw log;
      yield Buffer.from(log);
      if (cut !== undefined) throw cut;
    },
    get: async () => lookAt(asked.length)[1],
  } as unknown as KubeApi;
  const home: ChangesHome = {
    api,
    clock,
    random: () => 0,
    pause: async (milliseconds) => {
      waits++;
      clock.advance(milliseconds);
    },
    onError: assert.fail,
  };
  const onLine = async (text: string): Promise<void> => void lines.push(text);
  await followPodLog(home, { pod: podOf("Running"), tailLines, onLine }, signal);
  return { lines, asked, waits };
}

describe("a pod's log that is followed", () => {
  test("ends with the pod, after one more look, and no line comes twice", async () => {
    const { lines, asked } = await follow([
      [at(1, "a") + at(2, "b"), podOf("Running")],
      [at(2, "b") + at(3, "c"), podOf("Succeeded")],
      [at(3, "c") + at(4, "d"), podOf("Succeeded")],
    ]);
    assert.deepEqual(lines, ["a", "b", "c", "d"]);
    assert.deepEqual(
      asked.map(({ sinceTime }) => sinceTime),
      [undefined, "2026-01-01T00:00:02.500Z", "2026-01-01T00:00:03.500Z"],
    );
  });

  test("that is cut off goes on behind its last whole line", async () => {
    const cut = new LongshoreError("ServerUnreachable", "the line was cut");
    const { lines } = await follow([
      [at(1, "a") + at(2, "b"), podOf("Running"), cut],
      [at(2, "b") + at(3, "c"), podOf("Succeeded")],
    ]);
    assert.deepEqual(lines, ["a", "b", "c"]);
  });

  test("of a worker that says nothing for long is waited for", async () => {
    const silent: Look = ["", podOf("Running"), quiet];
    const { lines } = await follow([silent, silent, silent, silent, [at(1, "a"), podOf("Failed")]]);
    assert.deepEqual(lines, ["a"]);
  });

  test("takes the last lines at its beginning alone", async () => {
    const { asked } = await follow([[at(1, "a"), podOf("Succeeded")]], 5);
    assert.deepEqual(
      asked.map(({ tailLines }) => tailLines),
      [5, undefined],
    );
  });

  test("goes on through an absence of the API server, and waits for a container that has not begun", async () => {
    const { lines, waits } = await follow([
      [new LongshoreError("InvalidDocument", 'container "worker" is waiting to start')],
      [at(1, "a"), podOf("Running")],
      [new LongshoreError("ServerUnreachable", "away")],
      [new LongshoreError("ServerFailed", "not well")],
      [at(2, "b"), podOf("Failed")],
    ]);
    assert.deepEqual(lines, ["a", "b"]);
    assert.equal(waits, 4);
  });

  test("ends where the pod is gone, or another has its name", async () => {
    const gone = await follow([[at(1, "a")]]);
    assert.deepEqual([gone.lines, gone.asked.length], [["a"], 1]);
    assert.equal((await follow([[at(1, "a"), podOf("Running", "other")]])).asked.length, 1);
    const missing: Look = [new LongshoreError("ResourceNotFound", 'pods "p" not found')];
    assert.deepEqual((await follow([missing])).lines, []);
  });

  test("gives up on what no time heals, and on an API server that stays away", async () => {
    for (const code of ["Forbidden", "ServerUnreachable"] as const)
      await assert.rejects(follow([[new LongshoreError(code, "no")]]), { code });
  });
});
