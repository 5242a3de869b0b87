/** SHA256SUMS: what `sha256sum -c` checks, so that nobody needs Longshore to see that an export is whole. */
import { manifestName } from "./record-names.ts";
import { bytesOf } from "./byte-string.ts";

export interface SummedFile {
  /** Byte string, relative to the export's folder. */
  readonly name: string;
  readonly sha256: string;
}

export interface SummedManifest {
  readonly format: string;
  readonly parts: readonly SummedObject[];
  /** Asked only where the archive is one object, which has no digest of its own. */
  readonly files?: readonly SummedObject[];
  readonly run?: { readonly archive?: object | undefined; readonly files: readonly SummedObject[] };
}

interface SummedObject {
  readonly object: string;
  readonly sha256: string;
}

/**
 * The bytes of SHA256SUMS: the parts in order, or for format Files the files in index order, or where the archive is one
 * object of a store the records in the manifest's order, and then manifest.json.
 * `files` is asked only for format Files, whose names it gives with their "files/".
 */
export async function* sha256Sums(
  manifest: SummedManifest,
  manifestSha256: string,
  files?: AsyncIterable<readonly SummedFile[]>,
): AsyncGenerator<Uint8Array> {
  if (manifest.format !== "files") {
    for (const part of listedObjects(manifest)) yield lineOf({ name: part.object, sha256: part.sha256 });
  } else if (files !== undefined) {
    for await (const batch of files) if (batch.length > 0) yield bytesOf(batch.map(sha256SumsLine).join(""));
  }
  yield lineOf({ name: manifestName, sha256: manifestSha256 });
}

function listedObjects({ parts, files = [], run }: SummedManifest): readonly SummedObject[] {
  return run?.archive === undefined ? parts : [...files, ...run.files];
}

const lineOf = (file: SummedFile): Uint8Array => bytesOf(sha256SumsLine(file));

/** One line as GNU sha256sum writes it: a leading backslash says that the name is escaped. */
export function sha256SumsLine(file: SummedFile): string {
  // oxlint-disable-next-line no-control-regex -- line ends are what is escaped
  if (!/[\\\n\r]/.test(file.name)) return `${file.sha256}  ${file.name}\n`;
  const escaped = file.name.replaceAll("\\", "\\\\").replaceAll("\n", "\\n").replaceAll("\r", "\\r");
  return `\\${file.sha256}  ${escaped}\n`;
}
