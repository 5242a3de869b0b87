/** Opens a stored object for many reads, whether its destination knows how or not. */
import { displayName } from "../../domain/byte-string.ts";
import type { Destination, OpenObject } from "../../domain/ports/destination.ts";
import { damaged } from "../reading/document.ts";

/** `version` is missing where the destination can't tell one state of the bytes from another. */
export type ReadableObject = Omit<OpenObject, "version" | "changedAt"> &
  Partial<Pick<OpenObject, "version" | "changedAt">>;

/** Throws Damaged where there is none or it has another size than `size`; undefined takes any. */
export async function openObject(
  destination: Destination,
  object: { readonly name: string; readonly size?: number | undefined },
  signal: AbortSignal,
): Promise<ReadableObject> {
  const { name, size } = object;
  const opened =
    destination.openObject === undefined
      ? await openByRanges(destination, name, signal)
      : await destination.openObject(name, signal);
  if (size === undefined || opened.size === size) return opened;
  await opened[Symbol.asyncDispose]();
  throw damaged(destination, `${displayName(name)} has ${opened.size} bytes instead of ${size}`);
}

/** One stream as long as it is read in order, another wherever it is not. */
async function openByRanges(
  destination: Destination,
  name: string,
  signal: AbortSignal,
): Promise<ReadableObject> {
  const size = await destination.size(name, signal);
  if (size === undefined) throw damaged(destination, `${displayName(name)} is missing`);
  let stream: AsyncIterator<Uint8Array> | undefined;
  let next = -1;
  let rest: Uint8Array = new Uint8Array(0);
  const close = async (): Promise<void> => {
    const open = stream;
    stream = undefined;
    rest = new Uint8Array(0);
    await open?.return?.();
  };
  return {
    size,
    read: async (into, position) => {
      if (stream === undefined || position !== next) {
        await close();
        const range = { offset: position, length: size - position };
        stream = destination.read(name, range, signal)[Symbol.asyncIterator]();
      }
      if (rest.length === 0) rest = (await stream.next()).value ?? rest;
      const run = rest.subarray(0, into.length);
      into.set(run);
      rest = rest.subarray(run.length);
      next = position + run.length;
      return run.length;
    },
    [Symbol.asyncDispose]: close,
  };
}
