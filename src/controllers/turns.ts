/**
 * Whose turn it is where only so many exports may run at the same time: the oldest first, of those whose namespace may
 * have another. Kept in memory, for it follows from the resources and from what runs.
 */
import type { ResourceKey } from "../domain/ports/export-store.ts";
import type { RunningLimits } from "../domain/running-limits.ts";
import { keyText } from "./controller.ts";

export interface Wish {
  readonly key: ResourceKey;
  /** RFC 3339. */
  readonly created: string;
  /** It is begun, and can't go on until somebody mends something: it keeps its own namespace waiting and no other. */
  readonly isStuck: boolean;
}

export interface Turns {
  /** Takes a place or stands in line: why, in a sentence for its status, while it has none. Again changes nothing. */
  ask(wish: Wish): string | undefined;
  /** It needs none, or none any more. */
  giveUp(key: ResourceKey): void;
}

interface Holder {
  readonly namespace: string;
  readonly isStuck: boolean;
}

/** `running` have a place from the beginning. `onTurn` is told the key of who waited and has one now. */
export function createTurns(
  { maxRunning, maxRunningPerNamespace }: RunningLimits,
  running: readonly ResourceKey[],
  onTurn: (key: string) => void,
): Turns {
  const holders = new Map<string, Holder>();
  const waiting = new Map<string, Wish>();
  const perNamespace = new Map<string, number>();
  let total = 0;
  for (const key of running) hold(keyText(key), { namespace: key.namespace, isStuck: false });

  return {
    ask: (wish) => {
      const { key, isStuck } = wish;
      const text = keyText(key);
      const held = holders.get(text);
      // What runs already keeps its place, whatever the limits are now.
      if (held === undefined && !hasRoom(key.namespace)) {
        waiting.set(text, wish);
        return reason();
      }
      if (held?.isStuck === isStuck) return undefined;
      waiting.delete(text);
      hold(text, { namespace: key.namespace, isStuck });
      callNext();
      return undefined;
    },
    giveUp: (key) => {
      waiting.delete(keyText(key));
      if (drop(keyText(key))) callNext();
    },
  };

  function hasRoom(namespace: string): boolean {
    return total < maxRunning && (perNamespace.get(namespace) ?? 0) < maxRunningPerNamespace;
  }

  /** No position in the line: it would change all the time, and each status with it. */
  function reason(): string {
    return total < maxRunning
      ? `waits for its turn: no more than ${maxRunningPerNamespace} exports of one namespace run at the same time (maxRunningPerNamespace)`
      : `waits for its turn: no more than ${maxRunning} exports run at the same time (maxRunning)`;
  }

  function hold(key: string, holder: Holder): void {
    drop(key);
    holders.set(key, holder);
    count(holder, 1);
  }

  function drop(key: string): boolean {
    const holder = holders.get(key);
    if (holder === undefined) return false;
    holders.delete(key);
    count(holder, -1);
    return true;
  }

  function count({ namespace, isStuck }: Holder, change: 1 | -1): void {
    if (!isStuck) total += change;
    const left = (perNamespace.get(namespace) ?? 0) + change;
    if (left === 0) perNamespace.delete(namespace);
    else perNamespace.set(namespace, left);
  }

  function callNext(): void {
    for (let next = oldestWithRoom(); next !== undefined; next = oldestWithRoom()) {
      const { key, isStuck } = next;
      waiting.delete(keyText(key));
      hold(keyText(key), { namespace: key.namespace, isStuck });
      onTurn(keyText(key));
    }
  }

  /** Of those made in the same second, who came first. */
  function oldestWithRoom(): Wish | undefined {
    if (total >= maxRunning) return undefined;
    let oldest: Wish | undefined;
    for (const wish of waiting.values()) {
      if (!hasRoom(wish.key.namespace)) continue;
      if (oldest === undefined || Date.parse(wish.created) < Date.parse(oldest.created)) oldest = wish;
    }
    return oldest;
  }
}
