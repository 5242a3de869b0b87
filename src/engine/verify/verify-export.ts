/** Reads every byte of an export and says what is not as its manifest has it. */
import { indexName, manifestName, pageTableName, sumsName } from "../../domain/record-names.ts";
import type { FormatName } from "../../domain/export-options.ts";
import type { Destination } from "../../domain/ports/destination.ts";
import { openIndex } from "../reading/index-pages.ts";
import { openExport, type OpenExport, type ReadingFormat } from "../reading/open-export.ts";
import { checkKeptFiles } from "./kept-files.ts";
import { checkParts } from "./parts.ts";
import { checkIndexLines, checkManifest, checkReceipts, checkRecords } from "./records.ts";
import { ProblemLog, type StatementState, type VerifyReport } from "./report.ts";
import { checkStatement } from "./statement.ts";
import { checkSums } from "./sums.ts";
import { checkUnlisted } from "./unlisted.ts";
import { guarded, type Verification } from "./verification.ts";

export interface VerifyOptions {
  readonly destination: Destination;
  readonly formatOf: (name: FormatName) => Promise<ReadingFormat>;
  /** PEM; the statement must be there and signed with it. */
  readonly publicKey?: string | undefined;
  readonly onProgress?:
    | ((progress: { readonly bytes: number; readonly totalBytes: number }) => void)
    | undefined;
}

/** Throws NotAnExport, NotFinished, NewerFormat, InvalidKey; everything that is wrong with the bytes is in the report. */
export async function verifyExport(options: VerifyOptions, signal: AbortSignal): Promise<VerifyReport> {
  const log = new ProblemLog();
  const statementOf = await checkStatement(options.destination, options.publicKey, log, signal);
  const opened = await guarded(manifestName, log, () => openExport(options.destination, signal));
  let bytes = 0;
  let statement: StatementState = { state: "invalid" };
  if (opened !== undefined) {
    const totalBytes = bytesToRead(opened);
    const onBytes = (length: number): void => {
      bytes += length;
      options.onProgress?.({ bytes, totalBytes });
    };
    statement = statementOf(opened.manifestSha256, opened.manifest.run.issuer);
    await checkEverything({ opened, log, onBytes }, options, signal);
  }
  return {
    state: log.count === 0 ? "Verified" : "Damaged",
    files: opened?.manifest.totals.files ?? 0,
    parts: opened?.manifest.parts.length ?? 0,
    bytes,
    problems: log.problems,
    problemCount: log.count,
    entryCount: log.entryCount,
    damagedParts: [...log.damagedParts].sort((a, b) => a - b),
    statement,
  };
}

async function checkEverything(
  verification: Verification,
  options: VerifyOptions,
  signal: AbortSignal,
): Promise<void> {
  const { opened, log } = verification;
  const format = await options.formatOf(opened.manifest.format);
  checkManifest(opened, log);
  await checkRecords(verification, signal);
  const index = await guarded(pageTableName, log, () => openIndex(opened, signal));
  if (index !== undefined) {
    await guarded("receipts", log, () => checkReceipts(index, log, signal));
    await guarded(indexName, log, () => checkIndexLines(index, log, signal));
  }
  if (format.layout === "archive") await checkParts(verification, { format, index }, signal);
  else if (index !== undefined)
    await guarded(indexName, log, () => checkKeptFiles(verification, index, signal));
  await guarded(sumsName, log, () => checkSums(verification, index, signal));
  await checkUnlisted(verification, signal);
}

function bytesToRead({ manifest }: OpenExport): number {
  const files = [...manifest.files, ...manifest.run.files, ...manifest.parts];
  return files.reduce((sum, file) => sum + file.size, 0);
}
