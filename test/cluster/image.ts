/** The image of this working copy in the testbed's node, built and imported once for each content. */
import { createHash } from "node:crypto";
import { globSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { expectExit, type Result, run } from "../fixtures/run.ts";
import { testbed } from "./cluster.ts";

const root = resolve(import.meta.dirname, "../..");
const importImage = resolve(root, "../shared/kube-testbed/import-image.sh");
const given = process.env["KUBECONFIG"] ?? "";

/** Why no worker can be run with an image and volumes of ours, in one line: both are put on the testbed's node from here. */
export const noNode: string | false =
  given === "" || resolve(given) === join(testbed, "kubeconfig")
    ? false
    : "the image and the volumes of these tests can only be put on the testbed's node";

/** A reference that the node knows. */
export async function testImage(): Promise<string> {
  const reference = `longshore:test-${contentDigest()}`;
  const known = await images("list", "-q");
  if (known.stdout.toString().includes(`/${reference}\n`)) return reference;
  const folder = mkdtempSync(join(tmpdir(), "longshore-image-"));
  try {
    const files = join(folder, "rootfs");
    const made = await run("node", [join(root, "scripts/image-rootfs.mjs"), files], { timeoutMs: 120_000 });
    expectExit(made, 0);
    const entrypoint = ["--entrypoint", '["/usr/local/bin/longshore"]', "--user", "1000:1000"];
    const args = [reference, "--layer", files, ...entrypoint];
    expectExit(await run(importImage, args, { env: { KUBE_TESTBED: testbed }, timeoutMs: 300_000 }), 0);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return reference;
}

/** Gives an image that the node knows another name; the node forgets that when it is disposed. */
export async function imageAlias(reference: string, alias: string): Promise<AsyncDisposable> {
  const whole = (name: string): string => (name.includes("/") ? name : `docker.io/library/${name}`);
  expectExit(await images("tag", whole(reference), whole(alias)), 0);
  return {
    [Symbol.asyncDispose]: async () => {
      await images("remove", whole(alias));
    },
  };
}

function images(...args: string[]): Promise<Result> {
  const socket = join(testbed, "var/node/run/containerd/containerd.sock");
  return run(join(testbed, "root/usr/bin/ctr"), ["-a", socket, "-n", "k8s.io", "images", ...args]);
}

function contentDigest(): string {
  const digest = createHash("sha256");
  const patterns = ["src/**/*.ts", "images/*", "package-lock.json", "scripts/image-*.mjs"];
  for (const name of globSync(patterns, { cwd: root }).toSorted()) {
    if (name.endsWith(".test.ts")) continue;
    digest.update(`${name}\0`).update(readFileSync(join(root, name)));
  }
  return digest.digest("hex").slice(0, 12);
}
