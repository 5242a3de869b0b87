/** Runs other programs so that none outlives the benchmark: each gets a process group of its own, ended as a whole. */
import { spawn } from "node:child_process";
import { BenchError } from "./bench-error.ts";

/** A bash script; what varies reaches it by environment, so no path is ever quoted by hand. */
export interface Command {
  readonly script: string;
  readonly env: Readonly<Record<string, string>>;
}

export interface Child {
  /** Also the number of the process group. */
  readonly pid: number;
  /** Standard output, when everything in the group that held it has ended well; else rejects with the end of standard error. */
  readonly ended: Promise<string>;
}

const GRACE_MS = 2000;
const KEPT_CHARACTERS = 64 * 1024;

/** Runs a script that is not timed and gives its standard output (the end of it, should it be long). */
export async function runScript(command: Command, signal: AbortSignal): Promise<string> {
  return startGroup(bashArguments(command, []), signal).ended;
}

/** `wrapper` is a program that runs the one after it, as `time` does. */
export function bashArguments(command: Command, wrapper: readonly string[]): readonly string[] {
  const pairs = Object.entries(command.env).map(([name, value]) => `${name}=${value}`);
  return ["env", ...pairs, ...wrapper, "bash", "-euo", "pipefail", "-c", command.script];
}

/** An abort asks the whole group to end and forces it after two seconds; `ended` settles only when it is gone. */
export function startGroup(argv: readonly string[], signal: AbortSignal): Child {
  signal.throwIfAborted();
  const [program = "", ...args] = argv;
  const child = spawn(program, args, { detached: true, stdio: ["ignore", "pipe", "pipe"] });
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const stdout = keepTail(child.stdout);
  const stderr = keepTail(child.stderr);
  const pid = child.pid ?? 0;
  let force: NodeJS.Timeout | undefined;
  const stop = (): void => {
    killGroup(pid, "SIGTERM");
    force = setTimeout(() => killGroup(pid, "SIGKILL"), GRACE_MS);
  };
  signal.addEventListener("abort", stop, { once: true });
  child.once("error", (cause) => {
    reject(new BenchError(`cannot start ${program}`, { cause }));
  });
  child.once("close", (code, killedBy) => {
    clearTimeout(force);
    signal.removeEventListener("abort", stop);
    if (signal.aborted) killGroup(pid, "SIGKILL");
    if (signal.aborted) reject(signal.reason);
    else if (code === 0) resolve(stdout());
    else
      reject(
        new BenchError(
          `ended with ${killedBy ?? code}: ${stderr().trim().slice(-600) || stdout().trim().slice(-600)}`,
        ),
      );
  });
  return { pid, ended: promise };
}

function keepTail(stream: NodeJS.ReadableStream): () => string {
  let text = "";
  stream.setEncoding("utf8");
  stream.on("data", (chunk: string) => {
    text = (text + chunk).slice(-KEPT_CHARACTERS);
  });
  return () => text;
}

function killGroup(pid: number, name: NodeJS.Signals): void {
  // Group 0 would be our own.
  if (pid === 0) return;
  try {
    process.kill(-pid, name);
  } catch (error) {
    // Gone already is what was wanted.
    if (!(error instanceof Error && "code" in error && error.code === "ESRCH")) throw error;
  }
}
