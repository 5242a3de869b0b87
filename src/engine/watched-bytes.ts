/** Bytes as they come, with somebody who is told of each chunk and of the end, however that comes. */
export interface BytesWatch {
  /** Before a chunk is asked for. */
  readonly before?: () => Promise<void>;
  /** After it came, and before it is given on. */
  readonly came?: (length: number) => Promise<void> | void;
  /** Once: they were read to their end, left early, or failed. */
  readonly ended: (error: unknown) => void;
}

export function watchBytes(bytes: AsyncIterable<Uint8Array>, watch: BytesWatch): AsyncIterable<Uint8Array> {
  return {
    [Symbol.asyncIterator]: () => {
      const chunks = bytes[Symbol.asyncIterator]();
      let isOver = false;
      const end = (error?: unknown): void => {
        if (!isOver) watch.ended(error);
        isOver = true;
      };
      return {
        next: async () => {
          try {
            await watch.before?.();
            const next = await chunks.next();
            if (next.done === true) end();
            else await watch.came?.(next.value.length);
            return next;
          } catch (error) {
            end(error);
            // Whoever gets an error does not close what it comes from.
            await chunks.return?.();
            throw error;
          }
        },
        return: async () => {
          try {
            await chunks.return?.();
          } finally {
            end();
          }
          return { done: true, value: undefined };
        },
      };
    },
  };
}

/** The same bytes; where they are left before the first was read, that is read, for nothing that never began is closed. */
export function closedEvenUnread(bytes: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  return {
    [Symbol.asyncIterator]: () => {
      const chunks = bytes[Symbol.asyncIterator]();
      let hasBegun = false;
      return {
        next: () => {
          hasBegun = true;
          return chunks.next();
        },
        return: async () => {
          // Nobody wants these bytes, so nobody is told that they can't be had.
          if (!hasBegun) await chunks.next().catch(() => undefined);
          await chunks.return?.();
          return { done: true, value: undefined };
        },
      };
    },
  };
}
