/** An archive that is one object of a store, seen as if each of its parts were an object: whoever reads parts need not know. */
import { byteStringOfText } from "../../domain/byte-string.ts";
import type { Manifest, ManifestPart } from "../../domain/manifest.ts";
import { archiveObject } from "../../domain/part.ts";
import type { Destination } from "../../domain/ports/destination.ts";

/** Begins the name of no object: no export has a folder of this name. */
const prefix = "archive/";

/** What a part of the archive is called among objects. */
export const partObject = (number: number): string => `${prefix}${number}`;

/** The parts as objects, where they are pieces of one. */
export function partsAsObjects(manifest: Manifest): Manifest {
  if (manifest.run.archive === undefined) return manifest;
  return {
    ...manifest,
    parts: manifest.parts.map((part) =>
      part.object === archiveObject ? { ...part, object: partObject(part.number) } : part,
    ),
  };
}

/** A destination that has those objects; only reading knows of them. */
export function withPartObjects(destination: Destination, manifest: Manifest): Destination {
  const { archive } = manifest.run;
  if (archive === undefined) return destination;
  const object = byteStringOfText(archive.object);
  const parts = new Map(manifest.parts.map((part) => [partObject(part.number), part]));
  const last = manifest.parts.at(-1);
  let whole: Promise<number | undefined> | undefined;
  const sizeOf = async (part: ManifestPart, signal: AbortSignal): Promise<number | undefined> => {
    whole ??= destination.size(object, signal);
    const size = await whole;
    if (size === undefined) return undefined;
    const rest = Math.max(0, size - (part.offset ?? 0));
    // Only the last may be too long: what follows the others is the next part.
    return part === last ? rest : Math.min(rest, part.size);
  };
  return {
    location: destination.location,
    prepare: (signal) => destination.prepare(signal),
    get: (name, signal) => destination.get(name, signal),
    put: (name, bytes, signal) => destination.put(name, bytes, signal),
    putIfAbsent: (name, bytes, signal) => destination.putIfAbsent(name, bytes, signal),
    mark: (name, signal) => destination.mark(name, signal),
    read: (name, { offset, length }, signal) => {
      const part = parts.get(name);
      if (part === undefined) return destination.read(name, { offset, length }, signal);
      const rest = Math.max(0, Math.min(length, part.size - offset));
      return destination.read(object, { offset: (part.offset ?? 0) + offset, length: rest }, signal);
    },
    size: (name, signal) => {
      const part = parts.get(name);
      return part === undefined ? destination.size(name, signal) : sizeOf(part, signal);
    },
    list: (wanted, signal) => destination.list(wanted, signal),
    remove: (name, signal) => destination.remove(name, signal),
    removeAll: (folder, signal) => destination.removeAll(folder, signal),
    create: (temporary, signal) => destination.create(temporary, signal),
    flush: (names, signal) => destination.flush(names, signal),
    lock: (holder, signal) => destination.lock(holder, signal),
  };
}
