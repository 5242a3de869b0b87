/** Makes the SDK's client out of a location: asks once, signs what is sent by its digest, trusts whom it is told to. */
import { Agent as HttpAgent } from "node:http";
import { Agent as HttpsAgent } from "node:https";
import { S3Client, type S3ClientConfig } from "@aws-sdk/client-s3";
import type { Environment } from "../../../domain/environment.ts";
import type { BucketLocation } from "../../../domain/location.ts";
import { agentOptions } from "../../connections/agent-options.ts";

const connectionTimeout = 10_000;
/** Silence on a connection after which it is given up. */
const socketTimeout = 60_000;

export interface MadeClient {
  readonly client: S3Client;
  /** Stores with the same one are one store. */
  readonly identity: string;
}

/**
 * Credentials come by the SDK's own chain: environment, profile, web identity, container, instance; where the location names a
 * file of credentials, they are those of the given environment alone. Throws InvalidArgument.
 */
export function makeClient(location: BucketLocation, environment: Environment): MadeClient {
  const { parameters } = location;
  const { endpoint, profile } = parameters;
  const region = regionOf(location, environment);
  const agent = agentOptions(parameters, environment);
  const agents = { httpAgent: new HttpAgent(agent), httpsAgent: new HttpsAgent(agent) };
  const config: S3ClientConfig = {
    // Asking again is the business of a wrapper of ours alone.
    maxAttempts: 1,
    // What goes wrong is thrown, and told once.
    logger: silent,
    // What is sent carries a digest that was made while it was packed; what is read is checked against the export's own.
    requestChecksumCalculation: "WHEN_REQUIRED",
    responseChecksumValidation: "WHEN_REQUIRED",
    forcePathStyle: parameters["forcePathStyle"] === "true",
    requestHandler: { connectionTimeout, socketTimeout, ...agents },
    ...(endpoint === undefined ? undefined : { endpoint }),
    ...(region === undefined ? undefined : { region }),
    ...(profile === undefined ? undefined : { profile }),
    ...(parameters["credentials"] === undefined ? undefined : { credentials: keysIn(environment) }),
    ...(parameters["anonymous"] === "true" ? anonymous : undefined),
  };
  return {
    client: new S3Client(config),
    identity: `${endpoint ?? environment["AWS_ENDPOINT_URL_S3"] ?? ""} ${region ?? ""}`,
  };
}

function keysIn(environment: Environment): NonNullable<S3ClientConfig["credentials"]> {
  const sessionToken = environment["AWS_SESSION_TOKEN"];
  return {
    accessKeyId: environment["AWS_ACCESS_KEY_ID"] ?? "",
    secretAccessKey: environment["AWS_SECRET_ACCESS_KEY"] ?? "",
    ...(sessionToken === undefined ? undefined : { sessionToken }),
  };
}

const silent = { trace: () => {}, debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

/** Nobody who has an endpoint of their own should have to know of regions. */
function regionOf({ parameters }: BucketLocation, environment: Environment): string | undefined {
  const said = parameters["region"] ?? environment["AWS_REGION"] ?? environment["AWS_DEFAULT_REGION"];
  const isOwn =
    parameters["endpoint"] !== undefined ||
    environment["AWS_ENDPOINT_URL_S3"] !== undefined ||
    environment["AWS_ENDPOINT_URL"] !== undefined;
  return said ?? (isOwn ? "us-east-1" : undefined);
}

const anonymous: S3ClientConfig = {
  credentials: { accessKeyId: "", secretAccessKey: "" },
  signer: { sign: async (request) => request },
};
