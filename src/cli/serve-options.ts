/** What `longshore serve` was asked for. */
export interface ServeOptions {
  readonly data: string;
  readonly listen: ListenAddress;
  /** Absolute folders, and locations of buckets. */
  readonly allow: readonly string[];
  readonly publicUrl: string | undefined;
  readonly downloadsListen: ListenAddress | undefined;
  readonly downloadsUrl: string | undefined;
  readonly jobs: number;
  readonly workers: number;
  /** The same where parts are sent into one object of a store. */
  readonly sendingWorkers: number;
  readonly bytesPerSecond: number | undefined;
  /** PEM of the Ed25519 key that signs a statement of each export. */
  readonly signKeyFile: string | undefined;
}

export interface ListenAddress {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
}

/** "127.0.0.1:8080", "[::1]:8080", "localhost:8080"; undefined where it is none. */
export function parseListenAddress(text: string): ListenAddress | undefined {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([A-Za-z0-9.-]+)):(\d{1,5})$/.exec(text);
  const host = match?.[1] ?? match?.[2];
  const port = Number(match?.[3]);
  return host === undefined || port > 65_535 ? undefined : { host, port };
}
