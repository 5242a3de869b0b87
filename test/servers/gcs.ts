/**
 * A small server of Google Cloud Storage's JSON API, for no emulator of it can be installed here. It was written from Google's
 * public documentation, of which it knows what the driver uses, and answers 400 to whatever else it is asked. So a test
 * against it proves the driver against our reading of that documentation, and not against Google: what the documentation
 * does not say, or says wrongly, is not proved. Google's own client is run against it too (gcs.test.ts), which shows that
 * both read the documentation alike. It keeps buckets in memory and contents on disk, computes every checksum from the bytes,
 * and wants a token that it has given out itself.
 */
import { once } from "node:events";
import { rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { answer, findBucket, type State } from "./gcs/answering.ts";
import { readContent } from "./gcs/content.ts";
import { breakConnection, type Faults, makeFaults } from "./gcs/faults.ts";
import { makeServiceAccount } from "./gcs/service-account.ts";
import type { StoredObject } from "./gcs/stored-objects.ts";
import { makeTokens, type Tokens } from "./gcs/tokens.ts";
import { serverFolder } from "./guarded-processes.ts";

export interface GcsServer extends AsyncDisposable {
  /** `http://127.0.0.1:port` */
  readonly endpoint: string;
  /** What a program needs in its environment to use it. */
  readonly env: Readonly<Record<string, string>>;
  /** What it needs instead to sign URLs; it gets no tokens by it. */
  readonly signingEnv: Readonly<Record<string, string>>;
  readonly tokens: Tokens;
  readonly faults: Faults;
  /** The operations that were asked for, and how often. */
  readonly asked: ReadonlyMap<string, number>;
  /** May be changed at any time. */
  readonly limits: { page: number; rewrite: number };
  /** Permissions that nobody has. */
  readonly denied: Set<string>;
  createBucket(
    name: string,
    kind?: { readonly isPublic?: boolean; readonly isRequesterPays?: boolean },
  ): void;
  /** Objects as they are, under the names that they have there. */
  objects(bucket: string): readonly StoredObject[];
  contentOf(object: StoredObject): AsyncIterable<Buffer>;
}

/** Resolves when it answers. It lives in this process, and what it keeps goes with it. */
export async function startGcs(): Promise<GcsServer> {
  const folder = serverFolder();
  const asked = new Map<string, number>();
  const state: State = {
    folder,
    buckets: new Map(),
    tokens: makeTokens(folder),
    account: makeServiceAccount(folder),
    faults: makeFaults(),
    asked,
    limits: { page: 1000, rewrite: Number.MAX_SAFE_INTEGER },
    denied: new Set(),
  };
  const server = createServer((request, response) => {
    // A client that goes away in the middle is nothing that a server could mend.
    answer(state, request, response).catch(() => breakConnection(response));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    endpoint,
    env: {
      GOOGLE_APPLICATION_CREDENTIALS: state.tokens.writeCredentials(endpoint),
      LONGSHORE_GS_TRUSTED_ENDPOINTS: endpoint,
    },
    signingEnv: {
      GOOGLE_APPLICATION_CREDENTIALS: state.account.file,
      LONGSHORE_GS_TRUSTED_ENDPOINTS: endpoint,
    },
    tokens: state.tokens,
    faults: state.faults,
    asked,
    limits: state.limits,
    denied: state.denied,
    createBucket: (name, { isPublic = false, isRequesterPays = false } = {}) => {
      state.buckets.set(name, { name, isPublic, isRequesterPays, objects: new Map() });
    },
    objects: (bucket) => [...findBucket(state, bucket).objects.values()],
    contentOf: ({ content }) => readContent(content, 0, content.size),
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
