/** Programs that end with the test that started them, even where the test is killed: a shell between them waits for that. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

export interface GuardedProgram {
  readonly name: string;
  readonly command: readonly string[];
}

export interface GuardedProcesses extends AsyncDisposable {
  /** What the programs have said so far. */
  output(): string;
  /** Of the programs; what they forked has other ids. */
  pids(): number[];
  /** Whether one of them has ended by itself. */
  hasFailed(): boolean;
}

/** Reads its standard input to the end, which comes when we dispose it or die; then nothing of its group is left. */
const guard = `
folder=$1
shift
while [ $# -gt 1 ]; do
  ( eval "exec $2" >"$folder/$1.out" 2>&1 & echo $! >>"$folder/pids"; wait $!; echo "$1" >"$folder/ended" ) &
  shift 2
done
cat >/dev/null
# Servers that fork their workers lead a group of their own.
for pid in $(cat "$folder/pids"); do kill -s KILL -- "-$pid" || kill -KILL "$pid"; done
wait
rm -rf -- "$folder"
`;

/** A folder that goes with the processes that work in it. */
export function serverFolder(parent = tmpdir()): string {
  return mkdtempSync(join(parent, "longshore-server-"));
}

/** Starts the programs in `folder`, which is removed when they end. */
export function startGuarded(
  folder: string,
  programs: readonly GuardedProgram[],
  env: Readonly<Record<string, string>> = {},
): GuardedProcesses {
  const args = programs.flatMap(({ name, command }) => [name, command.map(quoted).join(" ")]);
  const child = spawn("sh", ["-c", guard, "guard", folder, ...args], {
    cwd: folder,
    env: { ...process.env, ...env },
    // Of its own group, so that it outlives ours, and can end what its programs began. Those that leave the group are known by their ids.
    detached: true,
    stdio: ["pipe", "ignore", "ignore"],
  });
  // Nothing here keeps the test's process alive; its end is what ends these.
  child.unref();
  (child.stdin as unknown as { unref(): void }).unref();
  const ended = once(child, "exit");
  return {
    output: () => programs.map(({ name }) => `${name}: ${read(join(folder, `${name}.out`))}`).join("\n"),
    pids: () => read(join(folder, "pids")).trim().split("\n").map(Number),
    hasFailed: () => existsSync(join(folder, "ended")) || child.exitCode !== null,
    [Symbol.asyncDispose]: async () => {
      child.ref();
      child.stdin.end();
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

const quoted = (word: string): string => `'${word.replaceAll("'", `'\\''`)}'`;

/** Asks until it answers; throws with what the programs said where one of them ends instead. */
export async function untilReady(
  processes: GuardedProcesses,
  isReady: () => Promise<boolean>,
): Promise<void> {
  const deadline = performance.now() + 60_000;
  while (!(await isReady().catch(() => false))) {
    assert.ok(
      !processes.hasFailed() && performance.now() < deadline,
      `a server did not start\n${processes.output()}`,
    );
    await sleep(50);
  }
}

function read(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "(nothing)";
  }
}
