/** An archive that is one object of a store, seen as if each of its parts were an object: whoever reads parts need not know. */
import { byteStringOfText } from "../../domain/byte-string.ts";
import type { Manifest, ManifestPart } from "../../domain/manifest.ts";
import { archiveObject } from "../../domain/part.ts";
import type { Destination, OpenObject } from "../../domain/ports/destination.ts";

/** Begins the name of no object: no export has a folder of this name. */
const prefix = "archive/";

/** What a part of the archive is called among objects. */
export const partObject = (number: number): string => `${prefix}${number}`;

/** Whether it is a piece of the one object, and not an object of its own. */
export const isPiece = ({ number, object }: Pick<ManifestPart, "number" | "object">): boolean =>
  object === partObject(number);

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
  /** Of a part in an archive of so many bytes; only the last may be too long: what follows the others is the next part. */
  const sizeIn = (whole: number, part: ManifestPart): number => {
    const rest = Math.max(0, whole - (part.offset ?? 0));
    return part === last ? rest : Math.min(rest, part.size);
  };
  let whole: number | undefined;
  const sizeOf = async (part: ManifestPart, signal: AbortSignal): Promise<number | undefined> => {
    whole ??= await destination.size(object, signal);
    return whole === undefined ? undefined : sizeIn(whole, part);
  };
  const openObject = destination.openObject?.bind(destination);
  const { presignedHasEtag } = destination;
  const presign = destination.presign?.bind(destination);
  const lock = destination.lock?.bind(destination);
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
    ...(openObject === undefined
      ? undefined
      : {
          openObject: async (name, signal) => {
            const part = parts.get(name);
            const opened = await openObject(part === undefined ? name : object, signal);
            return part === undefined ? opened : rangeOf(opened, part, sizeIn(opened.size, part));
          },
        }),
    ...(presign === undefined ? undefined : { presign }),
    ...(presignedHasEtag === undefined ? undefined : { presignedHasEtag }),
    list: (wanted, signal) => destination.list(wanted, signal),
    remove: (name, signal) => destination.remove(name, signal),
    removeAll: (folder, signal) => destination.removeAll(folder, signal),
    create: (temporary, signal) => destination.create(temporary, signal),
    flush: (names, signal) => destination.flush(names, signal),
    ...(lock === undefined ? undefined : { lock }),
  };
}

/** A part as an object, out of the opened archive, which it closes. */
function rangeOf(archive: OpenObject, { offset = 0 }: ManifestPart, size: number): OpenObject {
  return {
    size,
    // Two parts may have the same digest, of which one is damaged.
    version: `${archive.version} at ${offset}`,
    changedAt: archive.changedAt,
    read: async (into, position) =>
      position >= size
        ? 0
        : archive.read(into.subarray(0, Math.min(into.length, size - position)), offset + position),
    [Symbol.asyncDispose]: () => archive[Symbol.asyncDispose](),
  };
}
