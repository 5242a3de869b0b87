/** What the stores of a server are asked, from whichever thread, told to the one that shows it; a command line tells nobody. */
import { BroadcastChannel, getEnvironmentData, setEnvironmentData } from "node:worker_threads";
import type { StoreBytes, StoreMeter, StoreRequest } from "../engine/store-metrics.ts";

const channelName = "longshore store metrics";
/** Milliseconds that reports wait for others. */
const reportAfter = 100;

interface StoreReport {
  readonly requests: readonly StoreRequest[];
  readonly bytes: readonly StoreBytes[];
}

/** Every store that this thread, or one that it starts from now on, opens is metered. Ends with what is given back. */
export function collectMetering(meter: StoreMeter): Disposable {
  setEnvironmentData(channelName, true);
  const channel = new BroadcastChannel(channelName);
  channel.onmessage = (message) => {
    const { requests, bytes } = (message as { readonly data: StoreReport }).data;
    for (const request of requests) meter.requested(request);
    for (const moved of bytes) meter.moved(moved);
  };
  channel.unref();
  return { [Symbol.dispose]: () => channel.close() };
}

let reporting: Reporter | undefined;

/** Undefined where nobody listens. */
export function storeMeter(): StoreMeter | undefined {
  if (getEnvironmentData(channelName) !== true) return undefined;
  reporting ??= new Reporter();
  return reporting;
}

/** Sends what waits: for a thread that ends. */
export function reportMetering(): void {
  reporting?.send();
}

class Reporter implements StoreMeter {
  readonly #channel = new BroadcastChannel(channelName);
  #requests: StoreRequest[] = [];
  #moved = new Map<string, StoreBytes>();
  #timer: NodeJS.Timeout | undefined;

  constructor() {
    this.#channel.unref();
    process.once("exit", () => this.send());
  }

  requested(request: StoreRequest): void {
    this.#requests.push(request);
    this.#sendSoon();
  }

  moved({ scheme, direction, bytes }: StoreBytes): void {
    const key = `${scheme} ${direction}`;
    const before = this.#moved.get(key)?.bytes ?? 0;
    this.#moved.set(key, { scheme, direction, bytes: before + bytes });
    this.#sendSoon();
  }

  send(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#requests.length === 0 && this.#moved.size === 0) return;
    const report: StoreReport = { requests: this.#requests, bytes: [...this.#moved.values()] };
    this.#requests = [];
    this.#moved = new Map();
    this.#channel.postMessage(report);
  }

  #sendSoon(): void {
    this.#timer ??= setTimeout(() => this.send(), reportAfter).unref();
  }
}
