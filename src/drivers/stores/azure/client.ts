/** Makes the SDK's pipeline out of a location and credentials: asks once, by connections of ours. */
import {
  AnonymousCredential,
  newPipeline,
  type PipelineLike,
  type RequestPolicyFactory,
  type Tags,
  StorageSharedKeyCredential,
} from "@azure/storage-blob";
import type { Environment } from "../../../domain/environment.ts";
import { type BucketLocation, displayedBucket } from "../../../domain/location.ts";
import { makeAgent } from "./agents.ts";
import type { Container, NewBlob } from "./container.ts";
import { type Access, findAccess } from "./credentials.ts";

export interface MadeContainer {
  readonly container: Container;
  /** Stores with the same one are one store. */
  readonly identity: string;
}

/** Nothing is asked yet. Throws InvalidArgument, CredentialsInvalid. */
export function makeContainer(
  location: BucketLocation,
  environment: Environment,
  now: () => number,
): MadeContainer {
  const access = findAccess(location, environment);
  const agent = makeAgent(new URL(access.endpoint).protocol, location.parameters, environment);
  const sharedKey =
    access.credential.kind === "key"
      ? new StorageSharedKeyCredential(access.credential.account, access.credential.key)
      : undefined;
  const pipeline = makePipeline(sharedKey ?? new AnonymousCredential(), agent);
  const container: Container = {
    name: location.bucket,
    displayed: displayedBucket(location),
    pipeline,
    newBlob: newBlobOf(location),
    now,
    urlOf: (name) => containerUrl(access, name),
    ...(sharedKey === undefined ? undefined : { sharedKey }),
  };
  return { container, identity: access.endpoint.toLowerCase() };
}

function makePipeline(
  credential: StorageSharedKeyCredential | AnonymousCredential,
  agent: ReturnType<typeof makeAgent>,
): PipelineLike {
  // Asking again is the business of a wrapper of ours alone.
  const pipeline = newPipeline(credential, {
    retryOptions: { maxTries: 1 },
    userAgentOptions: { userAgentPrefix: "longshore" },
  });
  const withAgent: RequestPolicyFactory = {
    create: (next) => ({
      sendRequest: (request) => {
        request.agent = agent;
        return next.sendRequest(request);
      },
    }),
  };
  pipeline.factories.push(withAgent);
  return pipeline;
}

function containerUrl({ endpoint, credential }: Access, name: string): URL {
  const url = new URL(`${endpoint}/${encodeURIComponent(name)}`);
  if (credential.kind === "sas") url.search = credential.token;
  return url;
}

function newBlobOf({ parameters }: BucketLocation): NewBlob {
  const { tags, tier } = parameters;
  return {
    ...(tags === undefined ? undefined : { tags: Object.fromEntries(new URLSearchParams(tags)) as Tags }),
    ...(tier === undefined ? undefined : { tier }),
  };
}
