/** The three kinds of stores as a server has them that gives out URLs of theirs. */
import { tmpdir } from "node:os";
import type { Destination } from "../../src/domain/ports/destination.ts";
import type { ObjectStore } from "../../src/domain/ports/object-store.ts";
import { openBucketDestination } from "../../src/drivers/destinations/bucket.ts";
import { openAzureStore } from "../../src/drivers/stores/azure.ts";
import { openGcsStore } from "../../src/drivers/stores/gcs.ts";
import { azureEnv, azureLocation, createContainer } from "../fixtures/azure-containers.ts";
import { bucketLocation, openStore, s3Location, testBucket } from "../fixtures/buckets.ts";
import { gcsLocation, openGcs } from "../fixtures/gcs-buckets.ts";
import { missingAzurite, startAzurite } from "../servers/azurite.ts";
import { startGcs } from "../servers/gcs.ts";
import { missingSwift, startSwift } from "../servers/swift.ts";

export interface DeliveringStore extends AsyncDisposable {
  /** "http://127.0.0.1:port" */
  readonly origin: string;
  /** What a program needs in its environment to use it. */
  readonly env: Readonly<Record<string, string>>;
  /** Of a prefix. */
  location(prefix: string): string;
  /** The parameter by which receivers reach it at another origin. */
  publicEndpoint(origin: string): string;
  openStore(location: string): ObjectStore;
}

export interface DeliveringKind {
  readonly server: string;
  /** Whether every archive is one object there, and not just those of compressed formats. */
  readonly joinsEverything: boolean;
  /** Whether a download from it has the ETag that the export says. */
  readonly givesEtag: boolean;
  /** Why there is none to test against, or false. */
  missing(): string | false;
  start(): Promise<DeliveringStore>;
}

export const deliveringKinds: readonly DeliveringKind[] = [
  {
    server: "Swift",
    joinsEverything: false,
    givesEtag: true,
    missing: missingSwift,
    start: async () => {
      const server = await startSwift();
      await server.createBucket(testBucket);
      return {
        origin: server.endpoint,
        env: server.env,
        location: (prefix) => s3Location(server, prefix),
        publicEndpoint: (origin) => origin,
        openStore: (location) => openStore(server, location),
        [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
      };
    },
  },
  {
    server: "Azurite",
    joinsEverything: true,
    givesEtag: true,
    missing: missingAzurite,
    start: async () => {
      const server = await startAzurite();
      await createContainer(server);
      return {
        origin: new URL(server.endpoint).origin,
        env: azureEnv(server),
        location: (prefix) => azureLocation(server, prefix),
        publicEndpoint: (origin) => `${origin}/${server.account}`,
        openStore: (location) => openAzureStore(bucketLocation(location), azureEnv(server)),
        [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
      };
    },
  },
  {
    server: "the tests' server of Google's API",
    joinsEverything: true,
    givesEtag: false,
    missing: () => false,
    start: async () => {
      const server = await startGcs();
      server.createBucket(testBucket);
      return {
        origin: server.endpoint,
        env: server.env,
        location: (prefix) => gcsLocation(server, prefix),
        publicEndpoint: (origin) => origin,
        openStore: (location) => {
          // Google's library asks Google itself for the tokens of a key, so here another credential gets them.
          const { presign } = openGcsStore(bucketLocation(location), server.signingEnv);
          return { ...openGcs(server, location), ...(presign === undefined ? undefined : { presign }) };
        },
        [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
      };
    },
  },
];

/** As a server opens it. */
export function openDelivering(store: DeliveringStore, location: string): Destination {
  return openBucketDestination({
    store: store.openStore(location),
    location: bucketLocation(location),
    scratch: tmpdir(),
    memory: 128 * 2 ** 20,
  });
}
