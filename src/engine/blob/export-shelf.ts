/** Keeps the exports that were asked for last open, since a download of many ranges opens the same one again and again. */
import { manifestName } from "../../domain/record-names.ts";
import type { Clock } from "../../domain/ports/clock.ts";
import type { Destination } from "../../domain/ports/destination.ts";
import type { Drivers } from "../../domain/ports/drivers.ts";
import { hasCode } from "../../domain/errors.ts";
import { openExport } from "../reading/open-export.ts";
import { ChunkCache } from "./chunk-cache.ts";
import { DecoderSlots } from "./decoder-slots.ts";
import { ProvenObjects } from "./proven-objects.ts";
import { SeenObjects } from "./seen-objects.ts";
import { type ServedExport, serveExport, type SharedByExports } from "./served-export.ts";
import { SharedLoad } from "./shared-load.ts";

export interface ExportShelfOptions {
  readonly drivers: Pick<Drivers, "openDestination" | "format">;
  readonly clock: Clock;
  /** Exports kept open at most; 32 unless said. */
  readonly mostExports?: number;
  /** Parts of all exports kept open, for what is held grows with them; 20,000 unless said. One export is always kept. */
  readonly mostParts?: number;
  /** Of decoded content that all downloads together hold; 64 MiB unless said. */
  readonly chunkBytes?: number;
}

interface Held {
  readonly served: ServedExport;
  /** Of manifest.json, where the destination tells. */
  readonly version: string | undefined;
}

export class ExportShelf {
  readonly #options: ExportShelfOptions;
  readonly #shared: SharedByExports;
  /** By location; the one used last at the end. */
  readonly #held = new Map<string, Held>();
  readonly #opening = new Map<string, SharedLoad<ServedExport>>();

  constructor(options: ExportShelfOptions) {
    this.#options = options;
    this.#shared = {
      chunks: new ChunkCache(options.chunkBytes),
      proven: new ProvenObjects(options.clock),
      seen: new SeenObjects(options.clock),
      slots: new DecoderSlots(),
    };
  }

  /**
   * The export as it is now: where its manifest changed since, it is opened anew, and downloads of what it was before end
   * as they may. Throws NotAnExport, NotFinished, NewerFormat, Damaged and the destination's errors.
   */
  async open(location: string, signal: AbortSignal): Promise<ServedExport> {
    const held = this.#held.get(location);
    if (
      held?.version !== undefined &&
      (await manifestVersion(held.served.opened.destination, signal)) === held.version
    ) {
      if (this.#held.get(location) === held) this.#keep(location, held);
      return held.served;
    }
    const opening = this.#opening.get(location) ?? new SharedLoad((inner) => this.#open(location, inner));
    this.#opening.set(location, opening);
    try {
      return await opening.get(signal);
    } catch (error) {
      this.#held.delete(location);
      throw error;
    } finally {
      if (this.#opening.get(location) === opening) this.#opening.delete(location);
    }
  }

  async #open(location: string, signal: AbortSignal): Promise<ServedExport> {
    const { drivers } = this.#options;
    const destination = await drivers.openDestination(location);
    // Before it is read: should it change meanwhile, the next call sees that.
    const version = await manifestVersion(destination, signal);
    const opened = await openExport(destination, signal);
    const before = this.#held.get(location);
    const isSame = version === undefined && before?.served.opened.manifestSha256 === opened.manifestSha256;
    const served =
      isSame && before !== undefined
        ? before.served
        : serveExport(opened, await drivers.format(opened.manifest.format), this.#shared);
    this.#keep(location, { served, version });
    return served;
  }

  #keep(location: string, held: Held): void {
    this.#held.delete(location);
    this.#held.set(location, held);
    const { mostExports = 32, mostParts = 20_000 } = this.#options;
    let parts = 0;
    for (const { served } of this.#held.values()) parts += served.opened.manifest.parts.length;
    for (const [oldest, { served }] of this.#held) {
      if ((this.#held.size <= mostExports && parts <= mostParts) || oldest === location) return;
      parts -= served.opened.manifest.parts.length;
      this.#held.delete(oldest);
    }
  }
}

/** Undefined where there is none, or the destination can't tell. */
async function manifestVersion(destination: Destination, signal: AbortSignal): Promise<string | undefined> {
  if (destination.openObject === undefined) return undefined;
  try {
    await using manifest = await destination.openObject(manifestName, signal);
    return manifest.version;
  } catch (error) {
    if (hasCode(error, "Damaged")) return undefined;
    throw error;
  }
}
