/** Walks the keys below a prefix in their order, a page at a time, passing over folders that are excluded. */
import { byteStringOfText, displayName } from "../../../domain/byte-string.ts";
import type { Entry } from "../../../domain/entry.ts";
import { LongshoreError } from "../../../domain/errors.ts";
import type { ListedObject, ObjectStore } from "../../../domain/ports/object-store.ts";
import type { PathFilter } from "../../paths/path-filter.ts";
import { objectEntry, unsupported } from "./object-entry.ts";

export interface WalkedKeys {
  readonly store: ObjectStore;
  /** "" or ending in "/". */
  readonly folder: string;
  readonly filter: PathFilter;
}

export interface WalkedPage {
  readonly entries: readonly Entry[];
  /** Whether the store has no key there at all. */
  readonly isEmpty: boolean;
}

/** Greater than any name in a folder. */
const lastName = "\u{10ffff}";

export async function* walkKeys(walked: WalkedKeys, signal: AbortSignal): AsyncGenerator<WalkedPage> {
  const { store, folder } = walked;
  const visitor = new KeyVisitor(walked);
  let after: string | undefined;
  for (;;) {
    signal.throwIfAborted();
    const page = await store.list({ prefix: folder, after }, signal);
    yield {
      entries: page.objects.flatMap((object) => visitor.visit(object)),
      isEmpty: page.objects.length === 0,
    };
    const last = page.objects.at(-1)?.key;
    if (page.isLast || last === undefined) return;
    const skipped = visitor.skipped();
    after = skipped === undefined ? last : `${folder}${skipped}${lastName}`;
  }
}

class KeyVisitor {
  readonly #walked: WalkedKeys;
  #last = "";
  /** The folders on the way to the last key, and whether anything below may be part of the export. */
  #folders: { readonly name: string; readonly enters: boolean }[] = [];
  /** Files whose name the last key begins with. */
  #files: string[] = [];

  constructor(walked: WalkedKeys) {
    this.#walked = walked;
  }

  visit({ key, ...facts }: ListedObject): Entry[] {
    const name = key.slice(this.#walked.folder.length);
    if (name === "") return [];
    const entry = objectEntry(name, facts);
    this.#checkOrder(entry.path);
    if (!this.#isChosen(name, entry)) return [];
    return [this.#isBelowFile(entry) ? unsupported(entry) : entry];
  }

  /** The folder that the last key lay in and that is not entered, as it stands in keys. */
  skipped(): string | undefined {
    return this.#folders.find(({ enters }) => !enters)?.name;
  }

  /** The plan's order is the store's own; one that has another can't be planned without holding all names. */
  #checkOrder(path: string): void {
    const { store } = this.#walked;
    if (path <= this.#last)
      throw new LongshoreError(
        "StoreUnsupported",
        `${store.displayed} does not list its keys in the order of their bytes (${displayName(path)} comes after ${displayName(this.#last)})`,
      );
    this.#last = path;
  }

  /** Keys that are no paths are always reported, unless they lie in a folder that is left out. */
  #isChosen(name: string, entry: Entry): boolean {
    this.#enterFolders(name);
    if (this.#folders.some(({ enters }) => !enters)) return false;
    return entry.difference !== undefined || this.#walked.filter.selects(entry.path);
  }

  #enterFolders(name: string): void {
    const left = this.#folders.findIndex((folder) => !name.startsWith(folder.name));
    if (left >= 0) this.#folders = this.#folders.slice(0, left);
    for (;;) {
      const above = this.#folders.at(-1) ?? { name: "", enters: true };
      const end = name.indexOf("/", above.name.length);
      if (end < 0 || end === name.length - 1 || !above.enters) return;
      const folder = name.slice(0, end + 1);
      this.#folders.push({ name: folder, enters: this.#enters(byteStringOfText(folder)) });
    }
  }

  #enters(path: string): boolean {
    // An empty name or one of dots is no folder that rules could speak of; what lies below is reported one by one.
    if (/(?:^|\/)\.{0,2}\/$/.test(path)) return true;
    return this.#walked.filter.enters(path);
  }

  /** An object `a` beside `a/b`: a tree can have one of them, and the first is it. */
  #isBelowFile(entry: Entry): boolean {
    while (this.#files.length > 0 && !entry.path.startsWith(this.#files.at(-1) ?? "")) this.#files.pop();
    const isBelow = this.#files.some((file) => entry.path.startsWith(`${file}/`));
    if (entry.type === "file" && !isBelow) this.#files.push(entry.path);
    return isBelow;
  }
}
