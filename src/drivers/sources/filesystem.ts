/** A folder or a file of this machine as a source. */
import { lstatSync, realpathSync, statSync } from "node:fs";
import { setImmediate } from "node:timers/promises";
import { byteStringOfText, displayName, textOf } from "../../domain/byte-string.ts";
import type { Entry } from "../../domain/entry.ts";
import { LongshoreError } from "../../domain/errors.ts";
import type { Source } from "../../domain/ports/source.ts";
import { openReader } from "./filesystem/reader.ts";
import { systemPath } from "../paths/system-path.ts";
import { fileEntry, walkTree } from "./filesystem/walk.ts";

/** Entries per batch; between batches other work of the process gets its turn. */
const batchSize = 512;

/** Throws SourceNotFound, SourceUnreadable, InvalidArgument. */
export function openFilesystemSource(path: string): Source {
  const { root, isFolder, device } = resolve(path);
  const parent = root.slice(0, root.lastIndexOf("/"));
  const base = isFolder ? (root === "/" ? "" : root) : parent;
  return {
    location: textOf(root) ?? displayName(root),
    walk: (options, signal) =>
      batches(root, isFolder ? walkTree(root === "/" ? "" : root, options) : single(root), signal),
    open: (entry) => openReader({ root: isFolder ? root : parent, device }, `${base}/${entry.path}`, entry),
  };

  function* single(file: string): Generator<Entry> {
    const seen = lstatSync(systemPath(file), { bigint: true });
    yield fileEntry(file.slice(parent.length + 1), seen, undefined);
  }
}

function resolve(path: string): { root: string; isFolder: boolean; device: number } {
  try {
    const seen = statSync(path, { bigint: true });
    if (!seen.isDirectory() && !seen.isFile()) {
      throw new LongshoreError(
        "InvalidArgument",
        `the source ${path} is neither a folder nor a regular file`,
      );
    }
    return {
      root: byteStringOfText(realpathSync(path)),
      isFolder: seen.isDirectory(),
      device: Number(seen.dev),
    };
  } catch (error) {
    throw sourceError(error, path);
  }
}

async function* batches(
  root: string,
  entries: Generator<Entry | undefined>,
  signal: AbortSignal,
): AsyncGenerator<readonly Entry[]> {
  signal.throwIfAborted();
  try {
    let batch: Entry[] = [];
    for (const entry of entries) {
      if (entry !== undefined) batch.push(entry);
      if (entry !== undefined && batch.length < batchSize) continue;
      if (batch.length > 0) yield batch;
      batch = [];
      await setImmediate(undefined, { signal });
    }
    if (batch.length > 0) yield batch;
  } catch (error) {
    throw sourceError(error, displayName(root));
  }
}

function sourceError(error: unknown, path: string): unknown {
  const code = (error as NodeJS.ErrnoException).code;
  if (code === "ENOENT" || code === "ENOTDIR") {
    return new LongshoreError("SourceNotFound", `the source ${path} does not exist`, { cause: error });
  }
  if (code === "EACCES" || code === "EPERM") {
    return new LongshoreError("SourceUnreadable", `the source ${path} may not be read`, { cause: error });
  }
  return error;
}
