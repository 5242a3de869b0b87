/** Checks the files of format Files against the index, and that there are no others. */
import { filesFolder } from "../../domain/part.ts";
import { indexName } from "../../domain/record-names.ts";
import { createHash } from "node:crypto";
import type { StoredObject } from "../../domain/ports/destination.ts";
import { fileObject } from "../reading/content.ts";
import { allEntries, type IndexedEntry, linesOfPart } from "../reading/index-lines.ts";
import type { Index } from "../reading/index-pages.ts";
import { isSafePath } from "../reading/safe-path.ts";
import { checkObject, fewAtATime } from "./hash-object.ts";
import type { SummedFile } from "../../domain/sha256sums.ts";
import type { Verification } from "./verification.ts";

export async function checkKeptFiles(
  verification: Verification,
  index: Index,
  signal: AbortSignal,
): Promise<void> {
  const { opened, log, onBytes } = verification;
  await fewAtATime(
    keptLines(verification, index, signal),
    async ({ part, entry }) => {
      const object = fileObject(entry.path);
      const expected = {
        object,
        size: entry.placement.size ?? entry.size,
        sha256: entry.placement.sha256 ?? "",
      };
      const problem = isSafePath(entry.path)
        ? await checkObject(opened.destination, expected, onBytes, signal)
        : ({
            kind: "document",
            object: indexName,
            message: "names a file outside the export",
          } as const);
      if (problem !== undefined) log.add({ ...problem, part, entry: entry.path });
    },
    signal,
  );
  await nameUnlisted(verification, index, signal);
}

/** The files that an export of format Files holds, as SHA256SUMS names them. */
export async function* keptFiles(index: Index, signal: AbortSignal): AsyncGenerator<readonly SummedFile[]> {
  for await (const batch of allEntries(index, signal)) {
    const files: SummedFile[] = [];
    for (const { entry } of batch)
      if (entry.placement.sha256 !== undefined && entry.type === "file")
        files.push({ name: fileObject(entry.path), sha256: entry.placement.sha256 });
    yield files;
  }
}

/** The lines of files that were kept; on the way each part's digest is compared with what its files come to. */
async function* keptLines(
  { opened, log }: Verification,
  index: Index,
  signal: AbortSignal,
): AsyncGenerator<IndexedEntry> {
  for (const part of opened.manifest.parts) {
    const digest = createHash("sha256");
    for await (const lines of linesOfPart(index, part.number, signal)) {
      const kept = lines.filter(({ entry }) => entry.placement.sha256 !== undefined && entry.type === "file");
      for (const { entry } of kept)
        digest.update(`${entry.placement.sha256}  ${entry.placement.size ?? 0}\n`);
      yield* kept;
    }
    if (digest.digest("hex") === part.sha256) continue;
    log.add({
      kind: "digest",
      object: indexName,
      part: part.number,
      message: `its files of part ${part.number} are not those of the manifest`,
    });
  }
}

/** Both lists are in byte order, so one pass over them finds what only one has. */
async function nameUnlisted({ opened, log }: Verification, index: Index, signal: AbortSignal): Promise<void> {
  const stored = opened.destination.list(filesFolder, signal)[Symbol.asyncIterator]();
  let next: IteratorResult<StoredObject, unknown> = await stored.next();
  const passUntil = async (name: string | undefined): Promise<void> => {
    while (next.done !== true && (name === undefined || next.value.name < name)) {
      log.add({ kind: "unlisted", object: next.value.name, message: "is not listed in the index" });
      next = await stored.next();
    }
    if (next.done !== true && next.value.name === name) next = await stored.next();
  };
  try {
    for await (const files of keptFiles(index, signal)) for (const { name } of files) await passUntil(name);
    await passUntil(undefined);
  } finally {
    await stored.return?.();
  }
}
