/** How many exports of a cluster run at the same time. */

export interface RunningLimits {
  /** Exports that run at the same time. */
  readonly maxRunning: number;
  /** Of one namespace, so that nobody takes the turns of all others. */
  readonly maxRunningPerNamespace: number;
}

/**
 * Unless said. A worker asks for a quarter of a processor and 256 MiB: twenty of them are 5 processors and 5 GiB, which a
 * cluster of a few nodes can spare; and it takes four namespaces that export all they have to keep a fifth waiting.
 */
export const usualRunningLimits: RunningLimits = { maxRunning: 20, maxRunningPerNamespace: 5 };
