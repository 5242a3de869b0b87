/** Operators as processes, of which any may be killed and one leads. */
import assert from "node:assert/strict";
import { pause } from "../../src/cluster/client/pause.ts";
import { type OperatorOptions, startOperator, type TestOperator } from "../cluster/operator-process.ts";
import type { TestCluster } from "../cluster/cluster.ts";
import { freePort } from "../fixtures/free-ports.ts";

export interface Operators extends AsyncDisposable {
  /** Resolves when it answers. */
  start(): Promise<void>;
  /** Of `count` that run; killed at once, the others go on. */
  kill(which: "leader" | "any", random?: () => number): Promise<void>;
  /** Resolves when one of them leads. */
  led(): Promise<void>;
  /** The last lines that each of them has said, once it has ended. */
  said(): readonly string[];
}

interface Member {
  readonly operator: TestOperator;
  readonly port: number;
}

const { signal } = new AbortController();
const lastLines = 25;

export function operatorsOf(cluster: TestCluster, options: OperatorOptions): Operators {
  const members: Member[] = [];
  const ended: string[] = [];
  return {
    start: async () => {
      const port = await freePort();
      const operator = startOperator(cluster, { ...options, listen: `127.0.0.1:${port}` });
      members.push({ operator, port });
      await answers({ operator, port });
    },
    kill: async (which, random = () => 0) => {
      const victim = which === "leader" ? await leader() : members[Math.floor(random() * members.length)];
      assert.ok(victim !== undefined, "there is an operator");
      members.splice(members.indexOf(victim), 1);
      victim.operator.process.signal("SIGKILL");
      note((await victim.operator.process.done).stderr);
    },
    led: async () => void (await leader()),
    said: () => ended,
    [Symbol.asyncDispose]: async () => {
      for (const { operator } of members.splice(0)) {
        await operator[Symbol.asyncDispose]();
        note((await operator.process.done).stderr);
      }
    },
  };

  function note(stderr: string): void {
    ended.push(stderr.trim().split("\n").slice(-lastLines).join("\n"));
  }

  async function leader(): Promise<Member> {
    for (const deadline = performance.now() + 120_000; performance.now() < deadline;) {
      for (const member of members) if (await isLeading(member)) return member;
      await pause(100, signal);
    }
    assert.fail("no operator leads");
  }
}

async function answers(member: Member): Promise<void> {
  let end: string | undefined;
  member.operator.process.done.then(
    ({ stderr }) => (end = stderr),
    (error) => (end = String(error)),
  );
  while ((await metricsOf(member)) === undefined) {
    assert.equal(end, undefined, "the operator has ended");
    await pause(50, signal);
  }
}

const isLeading = async (member: Member): Promise<boolean> =>
  /^longshore_operator_leading 1$/m.test((await metricsOf(member)) ?? "");

/** Undefined while it does not listen. */
async function metricsOf({ port }: Member): Promise<string | undefined> {
  try {
    const answer = await fetch(`http://127.0.0.1:${port}/metrics`, { signal: AbortSignal.timeout(5000) });
    return await answer.text();
  } catch {
    return undefined;
  }
}
