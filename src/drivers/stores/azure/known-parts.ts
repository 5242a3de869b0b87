/** What a process knows of the parts of the uploads that it sends blocks to. */
import type { PartPlace, UploadPlace } from "../../../domain/ports/object-store.ts";
import { readBlocks, uploadIn } from "./block-list.ts";
import type { Container } from "./container.ts";

interface KnownPart {
  readonly edition: number;
  readonly md5: string;
}

/** By number; "lost" where there is no such upload. */
type KnownUpload = Map<number, KnownPart> | "lost";

const lastEdition = 255;

/** Looks at an upload once, before the first block is sent: a block that comes after the end would lie about for a week. */
export class KnownParts {
  readonly #container: Container;
  readonly #uploads = new Map<string, Promise<KnownUpload>>();

  constructor(container: Container) {
    this.#container = container;
  }

  /** The edition of a block with these bytes, later than all that are known of the part; undefined where the upload is lost. */
  async editionOf(part: PartPlace, md5: string, signal: AbortSignal): Promise<number | undefined> {
    const upload = await this.#look(part, signal);
    if (upload === "lost") return undefined;
    const before = upload.get(part.number);
    const isSame = before === undefined || before.md5 === md5;
    const edition = isSame ? (before?.edition ?? 0) : Math.min(before.edition + 1, lastEdition);
    upload.set(part.number, { edition, md5 });
    return edition;
  }

  forget({ key, id }: UploadPlace): void {
    this.#uploads.delete(`${id} ${key}`);
  }

  #look({ key, id }: UploadPlace, signal: AbortSignal): Promise<KnownUpload> {
    const name = `${id} ${key}`;
    const begun = this.#uploads.get(name);
    if (begun !== undefined) return begun;
    const looking = this.#read(key, id, signal);
    this.#uploads.set(name, looking);
    // Whoever waits hears of it; the next one looks for itself.
    looking.catch(() => this.#uploads.delete(name));
    return looking;
  }

  async #read(key: string, id: string, signal: AbortSignal): Promise<KnownUpload> {
    const found = await readBlocks(this.#container, key, signal);
    const upload = found === undefined ? undefined : uploadIn(found, id);
    if (upload?.isOpen !== true) return "lost";
    return new Map([...upload.parts].map(([number, { name }]) => [number, name]));
  }
}
