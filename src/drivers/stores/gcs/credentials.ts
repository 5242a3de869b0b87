/** Access tokens by Application Default Credentials (https://cloud.google.com/docs/authentication/application-default-credentials). */
import { readFile } from "node:fs/promises";
import type { AuthClient, gaxios } from "google-auth-library";
import { LongshoreError } from "../../../domain/errors.ts";
import type { Environment } from "../../../domain/environment.ts";
import { unlessAborted } from "../../../domain/unless-aborted.ts";

export interface TokenSource {
  /** Headers that authorise a request; `isNew` says whether the token was never sent before. */
  authorize(signal: AbortSignal): Promise<Authorization>;
  /** Throws a token away that the store does not take, so that the next is another. */
  forget(authorization: Authorization): void;
}

export interface Authorization {
  readonly headers: Readonly<Record<string, string>>;
  readonly isNew: boolean;
}

/** Enough for objects, and nothing else of the account. */
const scope = "https://www.googleapis.com/auth/devstorage.read_write";

/** Nothing is read or asked before the first token is needed. `displayed` is the bucket, for messages. */
export function defaultCredentials(environment: Environment, displayed: string): TokenSource {
  let client: Promise<AuthClient> | undefined;
  let last: string | undefined;
  const settled = (): Promise<AuthClient> => {
    client ??= openClient(environment).catch((error: unknown) => {
      client = undefined;
      throw error;
    });
    return client;
  };
  return {
    authorize: async (signal) => {
      // The library knows no signals.
      const headers = await unlessAborted(
        settled().then((opened) => opened.getRequestHeaders()),
        signal,
      ).catch((error: unknown) => {
        throw signal.aborted ? signal.reason : tokenError(error, displayed);
      });
      const authorization = headers.get("authorization") ?? "";
      const isNew = authorization !== last;
      last = authorization;
      return { headers: Object.fromEntries(headers), isNew };
    },
    forget: ({ headers }) => {
      if (headers["authorization"] === last) client = undefined;
    },
  };
}

async function openClient(environment: Environment): Promise<AuthClient> {
  const { GoogleAuth, gaxios } = await import("google-auth-library");
  // Asking again is the business of a wrapper of ours alone.
  const transporter = new gaxios.Gaxios();
  const ask = transporter.request.bind(transporter);
  transporter.request = (options) => ask({ ...options, retry: false, retryConfig: { retry: 0 } });
  const text = environment[credentialsText];
  if (text !== undefined) return clientOf(text, transporter);
  await checkFile(environment["GOOGLE_APPLICATION_CREDENTIALS"]);
  // Of objects the project is known by their bucket; the library would go to another service to find one out.
  const projectId = "unused";
  return new GoogleAuth({ scopes: scope, projectId, clientOptions: { transporter } }).getClient();
}

/** Credentials as they are, where others have the name of a file. */
export const credentialsText = "GOOGLE_APPLICATION_CREDENTIALS_JSON";

/** Of a service account, a user, or a workload of another cloud. */
async function clientOf(text: string, transporter: gaxios.Gaxios): Promise<AuthClient> {
  const { IdentityPoolClient, JWT, UserRefreshClient } = await import("google-auth-library");
  const given = parsed(text);
  const common = { scopes: [scope], transporter };
  switch (given["type"]) {
    case "service_account":
      return new JWT({ ...common, email: textIn(given, "client_email"), key: textIn(given, "private_key") });
    case "authorized_user":
      return new UserRefreshClient({
        ...common,
        clientId: textIn(given, "client_id"),
        clientSecret: textIn(given, "client_secret"),
        refreshToken: textIn(given, "refresh_token"),
      });
    case "external_account":
      return new IdentityPoolClient({
        ...(given as unknown as ConstructorParameters<typeof IdentityPoolClient>[0]),
        ...common,
      });
  }
  throw badText("is of no kind that can be used");
}

function textIn(given: Readonly<Record<string, unknown>>, name: string): string {
  const value = given[name];
  if (typeof value !== "string") throw badText(`has no ${name}`);
  return value;
}

function parsed(text: string): Record<string, unknown> {
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    // The parser's own error would quote from it.
    throw badText("is no JSON");
  }
}

const badText = (what: string): LongshoreError =>
  new LongshoreError("CredentialsInvalid", `${credentialsText} ${what}`, {
    hint: "give credentials in JSON, as `gcloud` and Google's console make them",
  });

/** The library reads the file itself, but would not say which it is, and quote from it. */
async function checkFile(file: string | undefined): Promise<void> {
  if (file === undefined || file === "") return;
  const hint = "name a file of credentials in JSON, as `gcloud` and Google's console make it";
  const text = await readFile(file, "utf8").catch((cause: unknown) => {
    throw new LongshoreError(
      "CredentialsInvalid",
      `${file}, named by GOOGLE_APPLICATION_CREDENTIALS, can't be read`,
      { cause, hint },
    );
  });
  try {
    JSON.parse(text);
  } catch {
    throw new LongshoreError(
      "CredentialsInvalid",
      `${file}, named by GOOGLE_APPLICATION_CREDENTIALS, is no JSON`,
      { hint },
    );
  }
}

const unreachableCodes = new Set([
  "ECONNREFUSED",
  "ECONNRESET",
  "ENOTFOUND",
  "EAI_AGAIN",
  "ETIMEDOUT",
  "EHOSTUNREACH",
  "ENETUNREACH",
]);

/** What the library throws carries the request with its secrets, so only its message goes on. */
function tokenError(error: unknown, displayed: string): LongshoreError {
  if (error instanceof LongshoreError) return error;
  const { message, status, code, response } = error as Error & {
    status?: unknown;
    code?: unknown;
    response?: { status?: unknown };
  };
  const options = { cause: new Error(message) };
  const answered = Number(response?.status ?? status ?? 0);
  const where = `for ${displayed}`;
  if (/could not load the default credentials/i.test(message))
    return new LongshoreError("CredentialsInvalid", `there are no credentials ${where}`, {
      ...options,
      hint: "set GOOGLE_APPLICATION_CREDENTIALS, run `gcloud auth application-default login`, or add anonymous=true to the location",
    });
  if (/reasonable timeframe|iat and exp/i.test(message))
    return new LongshoreError(
      "ClockSkewed",
      `the token service refuses the request ${where}: this machine's clock is wrong`,
      options,
    );
  if (answered === 429 || answered >= 500)
    return new LongshoreError(
      "StoreBusy",
      `the token service answered with ${answered}, so there is no token ${where}`,
      options,
    );
  if (unreachableCodes.has(String(code)))
    return new LongshoreError("StoreUnreachable", `the token service can't be reached ${where}`, options);
  return new LongshoreError(
    "CredentialsInvalid",
    `the credentials ${where} get no token: ${firstLine(message)}`,
    options,
  );
}

const firstLine = (text: string): string => (text.split("\n", 1)[0] ?? "").slice(0, 200);
