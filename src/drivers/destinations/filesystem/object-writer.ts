/** Writes one object under a temporary name with synchronous calls, and gives it its name when it is whole. */
import { closeSync, fdatasync, openSync, renameSync, rmSync, writeSync } from "node:fs";
import { open } from "node:fs/promises";
import { promisify } from "node:util";
import { LongshoreError } from "../../../domain/errors.ts";
import type { ObjectWriter } from "../../../domain/ports/destination.ts";
import { destinationError, isMissing } from "./system-error.ts";

const flushDescriptor = promisify(fdatasync);

export interface ObjectPlace {
  /** The destination's folder, for messages. */
  readonly folder: string;
  readonly temporary: string;
  readonly systemPath: (name: string) => string | Buffer;
  /** Makes the folder inside the destination, and those above it in the destination, but never the destination itself. */
  readonly makeFolders: (name: string) => void;
}

/** Throws the destination's errors. */
export function openObjectWriter(place: ObjectPlace): ObjectWriter {
  const { folder, temporary, systemPath } = place;
  const attempt = <T>(name: string, action: () => T): T => {
    try {
      return action();
    } catch (error) {
      throw destinationError(error, folder, name);
    }
  };
  const descriptor = attempt(temporary, () => openSync(systemPath(temporary), "w", 0o644));
  let state: "open" | "committed" | "closed" = "open";
  let committed = "";
  const moveInto = (name: string): void => {
    try {
      renameSync(systemPath(temporary), systemPath(name));
    } catch (error) {
      if (!isMissing(error)) throw error;
      place.makeFolders(parentOf(name));
      renameSync(systemPath(temporary), systemPath(name));
    }
  };
  return {
    write: (bytes) => {
      if (state !== "open")
        throw new LongshoreError("DestinationFailed", `${temporary} was written after its end`);
      attempt(temporary, () => {
        for (let written = 0; written < bytes.length;) written += writeSync(descriptor, bytes, written);
      });
    },
    commit: async (name) => {
      await Promise.resolve();
      attempt(name, () => moveInto(name));
      state = "committed";
      committed = name;
    },
    flush: async () => {
      try {
        await flushDescriptor(descriptor);
        await flushFolder(systemPath(parentOf(committed)));
      } catch (error) {
        throw destinationError(error, folder, committed);
      }
    },
    [Symbol.asyncDispose]: async () => {
      await Promise.resolve();
      if (state === "closed") return;
      if (state === "open") rmSync(systemPath(temporary), { force: true });
      state = "closed";
      closeSync(descriptor);
    },
  };
}

export const parentOf = (name: string): string => name.slice(0, Math.max(0, name.lastIndexOf("/")));

/** A name survives a power cut only when its folder was flushed as well (fsync(2)). */
export async function flushFolder(path: string | Buffer): Promise<void> {
  await using folder = await open(path, "r");
  await folder.sync();
}
