/** Finds out whom to ask and as whom, from a location without secrets and an environment with them. */
import type { Environment } from "../../../domain/environment.ts";
import { LongshoreError } from "../../../domain/errors.ts";
import { type BucketLocation, displayedBucket } from "../../../domain/location.ts";
import { parseConnectionString } from "./connection-string.ts";

export type Credential =
  | { readonly kind: "key"; readonly account: string; readonly key: string }
  /** Without the "?". */
  | { readonly kind: "sas"; readonly token: string }
  | { readonly kind: "anonymous" };

export interface Access {
  /** URL of the account's blob storage, without a "/" at its end. */
  readonly endpoint: string;
  readonly credential: Credential;
}

/** What the variables say, whichever they are. */
interface Given {
  readonly account?: string | undefined;
  readonly endpoint?: string | undefined;
  readonly key?: string | undefined;
  readonly sas?: string | undefined;
}

/** Throws InvalidArgument, CredentialsInvalid; never says a secret. */
export function findAccess(location: BucketLocation, environment: Environment): Access {
  const displayed = displayedBucket(location);
  const given = givenBy(environment);
  const account = accountOf(location, given, displayed);
  const endpoint = endpointOf(location, given, account);
  if (endpoint === undefined)
    throw new LongshoreError("InvalidArgument", `${displayed} says nothing of the storage account it is in`, {
      hint: "add account=NAME to the location, or set AZURE_STORAGE_ACCOUNT",
    });
  const credential = credentialOf(location, given, account, displayed);
  if (credential.kind === "sas") {
    if (given.endpoint !== undefined && new URL(given.endpoint).host !== new URL(endpoint).host)
      throw new LongshoreError(
        "CredentialsInvalid",
        `${displayed} is not at the endpoint that the SAS token is for`,
      );
    checkLine(endpoint, displayed);
  }
  return { endpoint, credential };
}

function givenBy(environment: Environment): Given {
  const connection = environment["AZURE_STORAGE_CONNECTION_STRING"] ?? "";
  if (connection !== "") return parseConnectionString(connection);
  return {
    account: environment["AZURE_STORAGE_ACCOUNT"] || undefined,
    key: environment["AZURE_STORAGE_KEY"] || undefined,
    sas: environment["AZURE_STORAGE_SAS_TOKEN"] || undefined,
  };
}

/** A location that names an account is never reached as another, whatever the environment was set up for. */
function accountOf({ parameters }: BucketLocation, given: Given, displayed: string): string | undefined {
  const { account } = parameters;
  if (account === undefined || parameters["anonymous"] === "true") return account ?? given.account;
  if (given.account !== undefined && given.account !== account)
    throw new LongshoreError(
      "CredentialsInvalid",
      `${displayed} is in the account ${account}, the credentials in the environment are of ${given.account}`,
    );
  return account;
}

function endpointOf(
  { parameters }: BucketLocation,
  given: Given,
  account: string | undefined,
): string | undefined {
  const said = parameters["endpoint"] ?? given.endpoint;
  if (said === undefined)
    return account === undefined ? undefined : `https://${account}.blob.core.windows.net`;
  const url = new URL(said);
  // Where an account has no host of its own, its name is the first of the path.
  const isBare = url.pathname === "/" && (isLoopback(url) || /^[\d.]+$/.test(url.hostname));
  if (isBare && account !== undefined) url.pathname = `/${account}`;
  return url.href.replace(/\/+$/, "");
}

function credentialOf(
  { parameters }: BucketLocation,
  given: Given,
  account: string | undefined,
  displayed: string,
): Credential {
  if (parameters["anonymous"] === "true") return { kind: "anonymous" };
  if (given.key !== undefined) {
    if (account === undefined)
      throw new LongshoreError(
        "CredentialsInvalid",
        `${displayed} has a key, but nobody says of which account`,
        {
          hint: "add account=NAME to the location, or set AZURE_STORAGE_ACCOUNT",
        },
      );
    if (!/^[A-Za-z0-9+/]+={0,2}$/.test(given.key))
      throw new LongshoreError(
        "CredentialsInvalid",
        `the key for ${displayed} is no account key, which is base64`,
      );
    return { kind: "key", account, key: given.key };
  }
  if (given.sas !== undefined) return { kind: "sas", token: given.sas.replace(/^\?/, "") };
  throw new LongshoreError("CredentialsInvalid", `${displayed} can't be asked: there are no credentials`, {
    hint: "set AZURE_STORAGE_CONNECTION_STRING, AZURE_STORAGE_KEY or AZURE_STORAGE_SAS_TOKEN, or add anonymous=true to the location",
  });
}

/** A SAS token is the permission itself, and stands in every request: who hears it has it. */
function checkLine(endpoint: string, displayed: string): void {
  const url = new URL(endpoint);
  if (url.protocol === "https:" || isLoopback(url)) return;
  throw new LongshoreError(
    "InvalidArgument",
    `a SAS token for ${displayed} would be sent where others can read it`,
    {
      hint: "write https:// in the endpoint",
    },
  );
}

const isLoopback = ({ hostname }: URL): boolean =>
  hostname === "localhost" || hostname === "[::1]" || /^127\.\d+\.\d+\.\d+$/.test(hostname);
