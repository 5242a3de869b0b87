/** A testbed that belongs to these tests alone: its programs are killed by their pid files and brought back by its scripts. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { run, until } from "../fixtures/run.ts";
import { noCluster } from "../cluster/cluster.ts";

export const controlPlane = ["etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler"] as const;
export type Program = (typeof controlPlane)[number] | "kubelet";

const testbed = process.env["KUBE_TESTBED"] ?? "";
const given = process.env["KUBECONFIG"] ?? "";
const up = resolve(import.meta.dirname, "../../../shared/kube-testbed/up.sh");

/** Why there is no cluster that may be killed, in one line; it has to be named, as others in it would be hit as well. */
export const noVictim: string | false = reason();

function reason(): string | false {
  if (testbed === "")
    return "no cluster that may be killed: KUBE_TESTBED names no testbed for these tests alone";
  if (given !== "" && resolve(given) !== resolve(testbed, "kubeconfig"))
    return `the cluster of KUBECONFIG is not the testbed ${testbed}, and nothing else may be killed`;
  if (!existsSync(up)) return `there is no ${up} to bring a testbed back with`;
  return noCluster;
}

const pidOf = (program: Program): number =>
  Number(readFileSync(join(testbed, "var/pid", program), "utf8").trim());

/** SIGKILL; resolves when it is gone. */
export async function killProgram(program: Program): Promise<void> {
  const pid = pidOf(program);
  assert.ok(commandOf(pid).includes(program), `${program} does not run`);
  process.kill(pid, "SIGKILL");
  await until(`${program} is gone`, () => !commandOf(pid).includes(program));
}

/** Empty of a process that is gone, or about to be. */
function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8");
  } catch {
    return "";
  }
}

let starting: Promise<void> = Promise.resolve();

/** Starts what is missing; resolves when the API server is ready, or the node as well. */
export function bringBack(what: "control-plane" | "full" = "full"): Promise<void> {
  starting = starting.catch(() => undefined).then(() => startMissing(what));
  return starting;
}

async function startMissing(what: string): Promise<void> {
  const child = spawn(up, [what], { stdio: ["ignore", "ignore", "pipe"] });
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (said += text));
  const [code] = (await once(child, "exit")) as [number | null];
  child.stderr.destroy();
  assert.equal(code, 0, `up.sh ${what}: ${said}`);
}

/** SIGKILL for all processes of a container that the node runs; whether it ran still. */
export async function killContainer(containerId: string): Promise<boolean> {
  const containerd = ["-a", join(testbed, "var/node/run/containerd/containerd.sock"), "-n", "k8s.io"];
  const id = containerId.replace(/^containerd:\/\//, "");
  const ctr = join(testbed, "root/usr/bin/ctr");
  return (await run(ctr, [...containerd, "tasks", "kill", "--signal", "SIGKILL", id])).code === 0;
}
