/** Who may ask: tokens that the server gives out as Google's token service and metadata server do, and how it takes them. */
import { randomUUID } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { apiError } from "./api-error.ts";

export interface Tokens {
  /** A new one, that is good until it is revoked. */
  issue(): string;
  /** None that was given out until now is good any more. */
  revokeAll(): void;
  /** Throws what Google answers to a bad one. Undefined is anonymous. */
  check(authorization: string | undefined): string | undefined;
  /** A token for what stands in the subject's file: https://cloud.google.com/iam/docs/reference/sts/rest/v1/TopLevel/token */
  exchange(form: URLSearchParams): object | undefined;
  /** Writes a credential file of a workload identity federation, and says where. */
  writeCredentials(origin: string): string;
}

const audience =
  "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/tests/providers/tests";
const subjectType = "urn:ietf:params:oauth:token-type:jwt";

export function makeTokens(folder: string): Tokens {
  const good = new Set<string>();
  const subject = randomUUID();
  const issue = (): string => {
    const token = `ya29.${randomUUID()}`;
    good.add(token);
    return token;
  };
  return {
    issue,
    revokeAll: () => good.clear(),
    check: (authorization) => {
      if (authorization === undefined) return undefined;
      const token = /^Bearer (\S+)$/.exec(authorization)?.[1];
      if (token === undefined || !good.has(token)) throw apiError(401, "authError", "Invalid Credentials");
      return token;
    },
    exchange: (form) => {
      const expected = {
        grant_type: "urn:ietf:params:oauth:grant-type:token-exchange",
        requested_token_type: "urn:ietf:params:oauth:token-type:access_token",
        subject_token_type: subjectType,
        subject_token: subject,
        audience,
      };
      const isRight = Object.entries(expected).every(([name, value]) => form.get(name) === value);
      if (!isRight || !(form.get("scope") ?? "").includes("/auth/devstorage.read_write")) return undefined;
      return {
        access_token: issue(),
        issued_token_type: expected.requested_token_type,
        token_type: "Bearer",
        expires_in: 3600,
      };
    },
    writeCredentials: (origin) => {
      const subjectFile = join(folder, "subject-token");
      const file = join(folder, "credentials.json");
      writeFileSync(subjectFile, subject);
      const credentials = {
        type: "external_account",
        audience,
        subject_token_type: subjectType,
        token_url: `${origin}/token`,
        credential_source: { file: subjectFile },
      };
      writeFileSync(file, JSON.stringify(credentials));
      return file;
    },
  };
}
