/** What a client is given, checked, and with what is usual where nothing was said. */
import { LongshoreError } from "../domain/errors.ts";

export interface ClientOptions {
  /** Address of the server, `http://127.0.0.1:8080`; a path in it goes before every path of the interface. */
  readonly server: string;
  /** API token. */
  readonly token?: string | undefined;
  readonly fetch?: typeof fetch | undefined;
  /** Waits so many milliseconds; rejects with the signal's reason. */
  readonly sleep?: ((milliseconds: number, signal: AbortSignal) => Promise<void>) | undefined;
  /** 0 up to, but not, 1. */
  readonly random?: (() => number) | undefined;
  /** A new Idempotency-Key. */
  readonly newKey?: (() => string) | undefined;
  /** How often an idempotent call is tried in all. */
  readonly attempts?: number | undefined;
  /** A server that sends nothing for so long counts as gone. */
  readonly patienceMilliseconds?: number | undefined;
}

export interface Connection {
  /** Without a slash at the end. */
  readonly server: string;
  readonly authorization: string | undefined;
  readonly fetch: typeof fetch;
  readonly sleep: (milliseconds: number, signal: AbortSignal) => Promise<void>;
  readonly random: () => number;
  readonly newKey: () => string;
  readonly attempts: number;
  readonly patienceMilliseconds: number;
}

/** Throws InvalidArgument where address or token can't be used; no secret is in the message. */
export function connectionOf(options: ClientOptions): Connection {
  return {
    server: addressOf(options.server),
    authorization: authorizationOf(options.token),
    fetch: options.fetch ?? ((input, init) => fetch(input, init)),
    sleep: options.sleep ?? sleep,
    random: options.random ?? Math.random,
    newKey: options.newKey ?? randomKey,
    attempts: options.attempts ?? 4,
    // A stream of events has a comment every 15 seconds.
    patienceMilliseconds: options.patienceMilliseconds ?? 45_000,
  };
}

function addressOf(text: string): string {
  const hint = "give it as http://HOST:PORT or https://HOST";
  const url = URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol))
    throw new LongshoreError("InvalidArgument", "the server's address is no http:// or https:// URL", {
      hint,
    });
  if (url.username !== "" || url.password !== "" || url.search !== "" || url.hash !== "")
    throw new LongshoreError(
      "InvalidArgument",
      `the address of the server ${url.host} holds more than host, port and path`,
      { hint },
    );
  return `${url.origin}${url.pathname.replace(/\/+$/, "")}`;
}

function authorizationOf(token: string | undefined): string | undefined {
  if (token === undefined || token === "") return undefined;
  // fetch would refuse it too, but with the token in its message.
  if (!/^[\x21-\x7e]+$/.test(token))
    throw new LongshoreError("InvalidArgument", "the token has characters that no token has", {
      hint: "give it as it was made, in one line",
    });
  return `Bearer ${token}`;
}

function sleep(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) {
      reject(signal.reason as Error);
      return;
    }
    const stop = (): void => {
      clearTimeout(timer);
      reject(signal.reason as Error);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener("abort", stop);
      resolve();
    }, milliseconds);
    signal.addEventListener("abort", stop, { once: true });
  });
}

/** crypto.randomUUID is missing in pages that came over plain HTTP. */
function randomKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) =>
    byte.toString(16).padStart(2, "0"),
  ).join("");
}
