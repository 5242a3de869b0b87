/** A server that may use a prefix of a bucket in a real Swift, and what tests of it look at. */
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { UploadPlace } from "../../src/domain/ports/object-store.ts";
import { openBucket, openStore, s3Location, testBucket } from "../fixtures/buckets.ts";
import { expectExit, longshore, type Result } from "../fixtures/run.ts";
import type { RunningServer } from "../fixtures/server.ts";
import { type S3Server, startSwift } from "../servers/swift.ts";

const { signal } = new AbortController();

/** What everybody may write below, one prefix for each test. */
export const allowedPrefix = "2026/allowed";

export const tenantUrl = (prefix: string): string => `s3://${testBucket}/${prefix}`;

export const freshPlace = (): string => `${allowedPrefix}/${randomUUID()}`;

export interface SwiftBucket extends AsyncDisposable {
  readonly swift: S3Server;
  /** What the operator allows; with more parameters, if there are any. */
  allowed(more?: string): string;
  /** Everything below a prefix. */
  keys(prefix: string): Promise<string[]>;
  /** Multipart uploads below a prefix that were neither completed nor aborted, as the SDK lists them. */
  uploads(prefix: string): Promise<readonly UploadPlace[]>;
  put(key: string, bytes: Uint8Array | string): Promise<void>;
  /** The command line, as somebody who may use the bucket. */
  run(args: string[]): Promise<Result>;
  /** Verifies an export, and extracts it. */
  extract(prefix: string, folder: string): Promise<void>;
}

export async function startSwiftBucket(): Promise<SwiftBucket> {
  const swift = await startSwift();
  await swift.createBucket(testBucket);
  const run = (args: string[]): Promise<Result> => longshore(args, { env: { ...swift.env } });
  return {
    swift,
    allowed: (more = "") => `${s3Location(swift, allowedPrefix)}${more}`,
    keys: async (prefix) => {
      const found = await Array.fromAsync(openBucket(swift, prefix).list("", signal));
      return found.map(({ name }) => name);
    },
    uploads: async (prefix) =>
      (await openStore(swift, s3Location(swift, prefix)).multipart?.uploads(`${prefix}/`, signal)) ??
      assert.fail("there is no multipart"),
    put: async (key, bytes) => {
      const slash = key.lastIndexOf("/");
      await openBucket(swift, key.slice(0, slash)).put(key.slice(slash + 1), Buffer.from(bytes), signal);
    },
    run,
    extract: async (prefix, folder) => {
      const location = s3Location(swift, prefix);
      expectExit(await run(["verify", location]), 0);
      expectExit(await run(["extract", location, folder]), 0);
    },
    [Symbol.asyncDispose]: () => swift[Symbol.asyncDispose](),
  };
}

export interface Ready {
  readonly status: string;
  readonly reason: string;
  readonly message: string;
}

/** Makes an ExportDestination of `default`, and says what the server found when it looked at it. */
export async function readiness(server: RunningServer, name: string, url: string): Promise<Ready> {
  const path = "/namespaces/default/destinations";
  const made = await server.api("POST", path, { metadata: { name }, spec: { bucket: { url } } });
  assert.equal(made.status, 201, JSON.stringify(made.body));
  const deadline = performance.now() + 60_000;
  for (;;) {
    const { body } = await server.api("GET", `${path}/${name}`);
    const { status } = body as { status?: { conditions?: (Ready & { type: string })[] } };
    const found = status?.conditions?.find(({ type }) => type === "Ready");
    if (found !== undefined) return found;
    assert.ok(performance.now() < deadline, `nothing was found out about ${url}`);
    await sleep(25);
  }
}
