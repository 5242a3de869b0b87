/**
 * Keeps names that the store would change from being lost. Azure turns "\" into "/", and drops a "." at the end of a name or
 * folder: `a.` would be written over `a`. Stores that speak its API may keep the dot; whether one does is found out by asking
 * for a blob that is there by its name with a dot.
 */
import { LongshoreError } from "../../../domain/errors.ts";
import { ask, blobOf, type Container } from "./container.ts";
import { isMissing } from "./errors.ts";
import { readItems } from "./listing.ts";

/** What no such store takes, or gives back in its lists, which are XML. */
// oxlint-disable-next-line no-control-regex -- control characters are what is looked for
const unspeakable = /[\x00-\x1f\x7f\ufffe\uffff]/;
const changeable = /\.(?:\/|$)/;
const longestName = 1000;

export interface NameGuard {
  /** As `isPossible`, without asking: says true where the store has not shown what it does with such a name. */
  takes(key: string): boolean;
  /** Whether a blob may have this name: one that can't must not be confused with the one that it would be changed to. */
  isPossible(key: string, signal: AbortSignal): Promise<boolean>;
  /** Throws StoreUnsupported for a name that the store would change. */
  check(key: string, signal: AbortSignal): Promise<void>;
  /** Runs `write` where the store keeps the name of the key as it is. Throws StoreUnsupported. */
  write<T>(key: string, write: () => Promise<T>, signal: AbortSignal): Promise<T>;
}

export function nameGuard(container: Container): NameGuard {
  let keeps: boolean | undefined;
  const isPossible = async (key: string, signal: AbortSignal): Promise<boolean> => {
    if (key.includes("\\")) return false;
    if (!changeable.test(key)) return true;
    keeps ??= await keepsNames(container, key, signal);
    return keeps !== false;
  };
  const check = async (key: string, signal: AbortSignal): Promise<void> => {
    if (unspeakable.test(key)) throw unkept(container, key, "takes no control characters in a name");
    if (!(await isPossible(key, signal)))
      throw unkept(container, key, "changes a name with \\ in it or . at its end");
  };
  return {
    takes: (key) =>
      !unspeakable.test(key) && !key.includes("\\") && !(keeps === false && changeable.test(key)),
    isPossible,
    check,
    write: async (key, write, signal) => {
      await check(key, signal);
      const result = await write();
      // Where there was nothing yet to find it out with, there is now.
      await check(key, signal);
      return result;
    },
  };
}

function unkept({ displayed }: Container, key: string, what: string): LongshoreError {
  return new LongshoreError("StoreUnsupported", `${displayed} ${what} (${JSON.stringify(key)})`, {
    hint: "choose a format that makes one archive, or leave such names out with --exclude",
  });
}

/** Undefined where there is no blob to find it out with. */
async function keepsNames(
  container: Container,
  key: string,
  signal: AbortSignal,
): Promise<boolean | undefined> {
  const plain = key.slice(0, key.search(changeable));
  const prefix = plain.slice(0, plain.lastIndexOf("/") + 1);
  const wanted = { prefix, marker: undefined, limit: 1 };
  const { items } = await readItems(container, wanted, {}, signal);
  const [found] = items;
  if (found === undefined || found.name.length > longestName) return undefined;
  return (await etagOf(container, `${found.name}.`, signal)) !== found.properties.etag;
}

const etagOf = (container: Container, key: string, signal: AbortSignal): Promise<string | undefined> =>
  ask<string | undefined>(
    container,
    {
      operation: "Get Blob Properties",
      key,
      run: async (options) => (await blobOf(container, key).getProperties(options)).etag?.replaceAll('"', ""),
      rescue: (error) => {
        if (isMissing(error)) return undefined;
        throw error;
      },
    },
    signal,
  );
