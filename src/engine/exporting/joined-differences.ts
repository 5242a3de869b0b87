/** Joins the parts' differences into differences.jsonl and counts them by reason. */
import { differencesName } from "../../domain/record-names.ts";
import type { DifferenceCounts } from "../../domain/manifest.ts";
import type { Destination } from "../../domain/ports/destination.ts";
import type { FileDigest } from "../../domain/receipt.ts";
import { copyFragment } from "./copy-fragment.ts";
import { createJoinedObject, type JoinedObject } from "./joined-object.ts";

export class JoinedDifferences implements AsyncDisposable {
  readonly counts: DifferenceCounts = { changed: 0, vanished: 0, unreadable: 0, unsupported: 0 };
  /** The first line, if there is one. */
  first: string | undefined;
  #last = "";
  readonly #destination: Destination;
  #joined: JoinedObject | undefined;

  constructor(destination: Destination) {
    this.#destination = destination;
  }

  /** Adds a part's fragment; most parts have none. */
  async add(fragment: FileDigest | undefined, signal: AbortSignal): Promise<void> {
    if (fragment === undefined) return;
    this.#joined ??= await createJoinedObject(this.#destination, "differences", signal);
    const decoder = new TextDecoder();
    let rest = "";
    for await (const chunk of copyFragment(this.#destination, fragment, this.#joined, signal)) {
      const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) this.#count(line);
    }
  }

  /** The file that was written, if there were any differences. */
  async commit(): Promise<FileDigest[]> {
    return this.#joined === undefined ? [] : [await this.#joined.commit(differencesName)];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#joined?.[Symbol.asyncDispose]();
  }

  #count(line: string): void {
    // The pieces of a split file have a line each, one after another; the entry counts once.
    if (line === this.#last) return;
    this.#last = line;
    const { difference } = JSON.parse(line) as { difference: keyof DifferenceCounts };
    this.counts[difference]++;
    this.first ??= line;
  }
}
