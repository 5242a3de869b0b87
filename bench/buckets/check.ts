/** Proofs of what came to the bucket, or out of it; by our own reading, whatever tool sent it. */
import { join } from "node:path";
import { runScript } from "../children.ts";
import { expectCount } from "../tools/check.ts";
import type { BucketJob, BucketTool } from "./tool.ts";

/** A folder's own row stands in a tar, the root's in that of tar alone. */
export async function checkSent(tool: BucketTool, job: BucketJob, signal: AbortSignal): Promise<void> {
  if (tool.object === undefined) return checkObjects(tool, job, signal);
  const url = await job.bucket.store.presign?.(
    `${job.folder}${tool.object}`,
    { expiresInSeconds: 600 },
    signal,
  );
  const script = 'curl -sSf "$URL" | zstd -dcq | tar -C "$SOURCE" --compare -vf - | wc -l';
  const lines = await runScript({ script, env: { SOURCE: job.data.path, URL: url ?? "" } }, signal);
  const root = tool.name === "longshore" ? 0 : 1;
  expectCount("entries in the archive", lines.trim(), job.data.files + job.data.folders + root);
}

async function checkObjects(tool: BucketTool, job: BucketJob, signal: AbortSignal): Promise<void> {
  const prefix = tool.name === "longshore" ? `${job.folder}files/` : job.folder;
  let count = 0;
  let bytes = 0;
  for (let after: string | undefined; ;) {
    const { objects, isLast } = await job.bucket.store.list({ prefix, after }, signal);
    count += objects.length;
    bytes += objects.reduce((sum, { size }) => sum + size, 0);
    after = objects.at(-1)?.key;
    if (isLast) break;
  }
  expectCount("objects in the bucket", count, job.data.files);
  expectCount("bytes in the bucket", bytes, job.data.bytes);
}

/** Every byte is compared with that of the folder that was sent. */
export async function checkFetched(tool: BucketTool, job: BucketJob, signal: AbortSignal): Promise<void> {
  const { data, out } = job;
  if (tool.form === "archive") {
    const script =
      'cat "$OUT"/sent/parts/* | zstd -dcq | tar -xf - -C "$(mkdir "$OUT/tree"; echo "$OUT/tree")"';
    await runScript({ script, env: { OUT: out } }, signal);
  }
  const tree = tool.form === "archive" ? "tree" : tool.name === "longshore" ? "sent/files" : "target";
  const script = 'diff -r "$SOURCE" "$TREE"; find "$TREE" -type f | wc -l';
  const lines = await runScript({ script, env: { SOURCE: data.path, TREE: join(out, tree) } }, signal);
  expectCount("files fetched", lines.trim(), data.files);
}
