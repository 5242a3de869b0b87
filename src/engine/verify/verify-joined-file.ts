/** Checks an archive that was joined to one file against the manifest of its export. */
import { readFile } from "node:fs/promises";
import { LongshoreError } from "../../domain/errors.ts";
import { type OpenManifest, parseManifest } from "../reading/open-export.ts";
import { outputError } from "../reading/output-error.ts";
import { wrongParts } from "./joined-file.ts";
import { checkManifest } from "./records.ts";
import { ProblemLog, type VerifyReport } from "./report.ts";

export interface JoinedFile {
  readonly file: string;
  readonly manifest: string;
  readonly onProgress?:
    | ((progress: { readonly bytes: number; readonly totalBytes: number }) => void)
    | undefined;
}

/** Throws NewerFormat, NoArchive, Damaged where the manifest is none, and an error that names the file where it can't be read. */
export async function verifyJoinedFile(
  { file, manifest, onProgress }: JoinedFile,
  signal: AbortSignal,
): Promise<VerifyReport> {
  const opened = await readManifest(manifest);
  const { format, parts, totals } = opened.manifest;
  if (format === "files")
    throw new LongshoreError("NoArchive", `${manifest} is of an export that keeps files as they are`);
  const log = new ProblemLog();
  checkManifest(opened, log);
  const totalBytes = parts.reduce((sum, part) => sum + part.size, 0);
  let bytes = 0;
  const onBytes = (length: number): void => {
    bytes += length;
    onProgress?.({ bytes, totalBytes });
  };
  for await (const { number, message } of wrongParts({ file, parts, onBytes }, signal))
    log.add({
      kind: "digest",
      object: file,
      ...(number === undefined ? undefined : { part: number }),
      message,
    });
  return {
    state: log.count === 0 ? "Verified" : "Damaged",
    files: totals.files,
    parts: parts.length,
    bytes,
    problems: log.problems,
    problemCount: log.count,
    entryCount: 0,
    damagedParts: [...log.damagedParts],
    statement: { state: "absent" },
  };
}

async function readManifest(file: string): Promise<OpenManifest> {
  try {
    return parseManifest(await readFile(file), file);
  } catch (error) {
    throw outputError(error, file);
  }
}
