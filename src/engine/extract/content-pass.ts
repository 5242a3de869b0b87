/** The first pass of an extraction: everything but symbolic links and the metadata of folders. */
import { closeSync, unlinkSync, writeSync } from "node:fs";
import { displayName } from "../../domain/byte-string.ts";
import type { DifferenceReason } from "../../domain/entry.ts";
import { openContent } from "../reading/content.ts";
import type { ContentReader } from "../reading/content-reader.ts";
import { findEntry, type WholeEntry } from "../reading/index-lines.ts";
import { isSafePath } from "../reading/safe-path.ts";
import { isSelected } from "../reading/selection.ts";
import type { ExtractNotice, ExtractOptions } from "./extract-options.ts";
import { changeTimeNow, makeFile, makeFolder, makeHardLink, makeSpecial } from "./make-entry.ts";
import { setFileMetadata } from "./metadata.ts";
import { placeOf } from "./place.ts";
import { inFolder, type TargetFolder } from "./target-folder.ts";

export class ContentPass {
  readonly #options: ExtractOptions;
  readonly #target: TargetFolder;
  readonly #content: ContentReader;
  readonly #onBytes: (length: number) => void;
  readonly #since: bigint;

  /** `onBytes` is told of what is written, and with a minus of what is removed again. */
  constructor(options: ExtractOptions, target: TargetFolder, onBytes: (length: number) => void) {
    this.#options = options;
    this.#target = target;
    this.#content = openContent(options.index.opened, options.format);
    this.#onBytes = onBytes;
    this.#since = changeTimeNow(target.open(""));
  }

  /** Says what is to be told about the entry, if it is not simply there now. */
  async make(whole: WholeEntry, signal: AbortSignal): Promise<ExtractNotice | undefined> {
    const { path, type, placement } = whole.entry;
    const { difference } = placement;
    const notice = (written: boolean, message: string): ExtractNotice => ({
      kind: "difference",
      path,
      written,
      message,
    });
    placeOf(whole.entry);
    if (type === "socket" || type === "unknown") return notice(false, "left out: it can't be exported");
    if (difference !== undefined && type !== "directory" && !this.#isWritten(whole, difference))
      return notice(false, `left out: ${explain(difference)}`);
    const problem = await this.#write(whole, signal);
    if (problem !== undefined || difference === undefined) return problem;
    return notice(true, `written, but ${explain(difference)}`);
  }

  async #write(whole: WholeEntry, signal: AbortSignal): Promise<ExtractNotice | undefined> {
    const { entry } = whole;
    if (entry.type === "symlink") return undefined;
    if (entry.type === "file") return this.#writeFile(whole, whole, signal);
    if (entry.type === "hardlink") return this.#link(whole, signal);
    const { folder, name } = placeOf(entry);
    const parent = this.#target.open(folder);
    if (entry.type === "directory") makeFolder(parent, name);
    else makeSpecial(parent, name, entry);
    return undefined;
  }

  #isWritten({ entry }: WholeEntry, difference: DifferenceReason): boolean {
    // Where files are kept as they are, one that could not be read is not there at all.
    if (
      this.#options.format.layout === "files" &&
      entry.type === "file" &&
      entry.placement.sha256 === undefined
    )
      return false;
    return difference === "changed" || (this.#options.withDifferences && entry.type === "file");
  }

  async #writeFile(
    place: WholeEntry,
    source: WholeEntry,
    signal: AbortSignal,
  ): Promise<ExtractNotice | undefined> {
    const { folder, name } = placeOf(place.entry);
    const parent = this.#target.open(folder);
    const descriptor = makeFile(parent, name);
    let whole = false;
    let length = 0;
    const write = (bytes: Uint8Array): void => {
      this.#writeBytes(descriptor, bytes);
      length += bytes.length;
    };
    try {
      const copied = this.#content.copy(source, write, signal);
      const damage = copied instanceof Promise ? await copied : copied;
      if (damage !== undefined) {
        const frame = damage.frame === undefined ? "" : `, frame ${damage.frame}`;
        const message = `damaged in part ${damage.part} (${damage.object}${frame}), not written: ${damage.message}`;
        return { kind: "damaged", path: place.entry.path, written: false, message };
      }
      setFileMetadata(descriptor, source.entry);
      whole = true;
      return undefined;
    } finally {
      closeSync(descriptor);
      if (!whole) {
        unlinkSync(inFolder(parent, name));
        this.#onBytes(-length);
      }
    }
  }

  #writeBytes(descriptor: number, bytes: Uint8Array): void {
    for (let from = 0; from < bytes.length;) from += writeSync(descriptor, bytes, from);
    this.#onBytes(bytes.length);
  }

  /** A link to the other name where that was extracted too; otherwise the content itself. */
  async #link(whole: WholeEntry, signal: AbortSignal): Promise<ExtractNotice | undefined> {
    const { index, selection, folder } = this.#options;
    const target = whole.entry.linkTarget ?? "";
    const place = placeOf(whole.entry);
    const damaged = (message: string): ExtractNotice => ({
      kind: "damaged",
      path: whole.entry.path,
      written: false,
      message,
    });
    if (!isSafePath(target) || target.endsWith("/"))
      return damaged(`not written: its hard link leads to ${displayName(target)}, out of ${folder}`);
    if (isSelected(selection, target) && this.#linkTo(target, place)) return undefined;
    const source = await findEntry(index, target, signal);
    if (source?.entry.type !== "file")
      return damaged(
        `not written: the export has no file ${displayName(target)}, which it is a hard link to`,
      );
    const { difference } = source.entry.placement;
    if (difference !== undefined && !this.#isWritten(source, difference))
      return {
        kind: "difference",
        path: whole.entry.path,
        written: false,
        message: `left out: ${explain(difference)}`,
      };
    return this.#writeFile(whole, source, signal);
  }

  #linkTo(target: string, place: { folder: string; name: string }): boolean {
    const slash = target.lastIndexOf("/") + 1;
    const other = { folder: this.#target.openExisting(target.slice(0, slash)), name: target.slice(slash) };
    if (other.folder === undefined) return false;
    try {
      const here = { folder: this.#target.open(place.folder), name: place.name };
      return makeHardLink({ folder: other.folder, name: other.name }, here, this.#since);
    } finally {
      closeSync(other.folder);
    }
  }
}

function explain(difference: DifferenceReason): string {
  switch (difference) {
    case "changed":
      return "it changed while it was exported";
    case "vanished":
      return "it vanished before it was exported";
    case "unreadable":
      return "it could not be read";
    case "unsupported":
      return "the format has no place for it";
  }
}
