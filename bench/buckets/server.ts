/** The S3 server that all tools meet: OpenStack Swift with workers of its own, the same for everyone, with its data in our folder. */
import { readFile } from "node:fs/promises";
import { openStore } from "../../test/fixtures/buckets.ts";
import { missingSwift, type S3Server, startSwift } from "../../test/servers/swift.ts";
import type { ObjectStore } from "../../src/domain/ports/object-store.ts";
import { cpuSecondsOf } from "../process-cost.ts";

/** Two, as a small server of one's own would have on two processors. */
const WORKERS = 2;

export interface BucketServer extends AsyncDisposable {
  /** A new bucket, so that nobody pays for what others left in one. */
  newBucket(): Promise<Bucket>;
  /** User and system time of all its processes so far. */
  cpuSeconds(): Promise<number>;
}

export interface Bucket {
  readonly name: string;
  readonly server: S3Server;
  /** As Longshore calls a prefix of it: a folder, "" or ending in "/". */
  location(folder: string): string;
  /** For checks alone: the timed tools have clients of their own. */
  readonly store: ObjectStore;
}

/** Why there is none, or false. */
export const missingServer = missingSwift;

export async function startBucketServer(parent: string): Promise<BucketServer> {
  const server = await startSwift({ workers: WORKERS, parent });
  let buckets = 0;
  return {
    newBucket: async () => {
      const name = `bench-${++buckets}`;
      await server.createBucket(name);
      const query = `endpoint=${server.endpoint}&forcePathStyle=true&region=${server.region}`;
      const location = (folder: string): string => `s3://${name}/${folder}?${query}`;
      return { name, server, location, store: openStore(server, location("")) };
    },
    cpuSeconds: async () => {
      const pids = await Promise.all(server.pids.map(async (pid) => [pid, ...(await childrenOf(pid))]));
      const seconds = await Promise.all(pids.flat().map(cpuSecondsOf));
      return seconds.reduce((sum, value) => sum + value, 0);
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

/** Removes what a run left, so that a long row of runs needs the room of one. */
export async function emptyBucket({ store }: Bucket, signal: AbortSignal): Promise<void> {
  for (;;) {
    const { objects, isLast } = await store.list({ prefix: "" }, signal);
    for (const { key } of objects) await store.remove([key], signal);
    if (isLast) return;
  }
}

async function childrenOf(pid: number): Promise<readonly number[]> {
  const children = await readFile(`/proc/${pid}/task/${pid}/children`, "utf8");
  return children
    .split(" ")
    .filter((word) => word !== "")
    .map(Number);
}
