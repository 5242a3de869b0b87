// Fills the image's compile cache: a worker's start is mostly Node compiling the program anew, and its root can't be written.
import { spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** What pods do, in this order: a small export whole and by stages, its removal, and the operator's start. */
const stages = ["all", "cleanup", "plan", "pack", "finalize"];
/** Loaded only where a bucket is named. */
const drivers = ["s3", "azure", "gcs"];
/** Node has a folder for each user, so that nobody runs what another one wrote; these two run workers unless said. */
const users = ["0", "1000"];

/**
 * `node` is the image's program, `flags` those that its entrypoint gives, which are part of what Node knows entries by.
 * Throws an Error where nothing came of it.
 */
export function fillCompileCache({ app, node, flags }) {
  const cache = join(app, "compile-cache");
  mkdirSync(cache, { recursive: true });
  const work = mkdtempSync(join(tmpdir(), "longshore-warm-"));
  try {
    mkdirSync(join(work, "source"));
    writeFileSync(join(work, "source/file"), "content");
    const run = (args, variables = {}) =>
      spawnSync(node, [...flags, ...args], {
        env: {
          PATH: process.env.PATH,
          HOME: work,
          TMPDIR: work,
          NODE_COMPILE_CACHE: cache,
          NODE_COMPILE_CACHE_PORTABLE: "1",
          ...variables,
        },
        encoding: "utf8",
        timeout: 60_000,
      });
    const program = join(app, "src/main/cli.ts");
    for (const stage of stages) {
      const variables = { LONGSHORE_JOB: JSON.stringify(taskOf(stage, work)), JOB_COMPLETION_INDEX: "0" };
      const { status, stderr } = run([program, "worker", "--stage", stage], variables);
      if (status !== 0) throw new Error(`the stage ${stage} failed: ${stderr}`);
    }
    // It ends where it looks for its cluster: all that it needs is loaded then.
    run([program, "operator", "--image=none", "--listen=127.0.0.1:0", `--kubeconfig=${join(work, "none")}`]);
    for (const driver of drivers) {
      const module = JSON.stringify(join(app, `src/drivers/stores/${driver}.ts`));
      const { status, stderr } = run(["--input-type=module", "--eval", `await import(${module})`]);
      if (status !== 0) throw new Error(`the driver ${driver} can't be loaded: ${stderr}`);
    }
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
  share(cache);
}

function taskOf(stage, work) {
  const location = `warm://destination/out`;
  const ways = { "warm://source": `${work}/source/./`, [location]: `${work}/./out` };
  return stage === "cleanup"
    ? { kind: "cleanup", place: { location, owner: "warm", ways } }
    : { kind: "export", job: { ...job, source: "warm://source", location, ways } };
}

const job = {
  exportUid: "warm",
  attempt: 0,
  namespace: "warm",
  name: "warm",
  workers: 1,
  options: {
    format: "tar.zst",
    level: 3,
    partSize: 2 ** 26,
    include: [],
    exclude: [],
    differences: "record",
    entryDigests: false,
    crossFileSystems: false,
  },
};

/** Node names the folder by its version, its flags and the user who wrote it. */
function share(cache) {
  const [made] = readdirSync(cache);
  if (made === undefined) throw new Error("Node wrote no compile cache");
  const common = made.slice(0, made.lastIndexOf("-"));
  const [first, ...others] = users.map((user) => `${common}-${user}`);
  if (made !== first) renameSync(join(cache, made), join(cache, first));
  for (const other of others) if (!existsSync(join(cache, other))) symlinkSync(first, join(cache, other));
}
