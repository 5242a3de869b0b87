/** Lets a write that is repeated, because nobody knows how it ended, know its own work again by the id that it leaves there. */
import type { Payload } from "./ports/object-store.ts";

export type UnsureWrites = <T>(
  key: string,
  payload: Payload,
  write: (id: string, isAgain: boolean) => Promise<T>,
) => Promise<T>;

/**
 * `write` gets the id that is to stand beside what it writes: the one of the call before, where that failed and was to write the
 * same bytes to the same key. A repetition is known by that and not by its payload, which wrappers make anew. `newId` gives an
 * id that nobody else has.
 */
export function unsureWrites(newId: () => string): UnsureWrites {
  const failed = new Map<string, string>();
  return async (key, payload, write) => {
    const name = `${payload.sha256} ${key}`;
    const before = failed.get(name);
    // Only a call that has ended may be repeated: another that runs beside this one is somebody else.
    failed.delete(name);
    const id = before ?? newId();
    try {
      return await write(id, before !== undefined);
    } catch (error) {
      failed.set(name, id);
      throw error;
    }
  };
}
