/** What is known of a way to an API server once it is loaded. */
import type { RequestOptions } from "node:https";
import { LongshoreError } from "../../domain/errors.ts";

export interface LoadedAccess {
  /** Without a slash at its end; it may have a path. */
  readonly server: string;
  /** That of the context, or of the pod. */
  readonly namespace: string | undefined;
  /** TLS and headers of the next request; `agent` only where a proxy is on the way. Throws Unauthenticated. */
  authorize(): Promise<RequestOptions>;
}

export function noCredentials(error: unknown, hint: string): LongshoreError {
  const reason = error instanceof Error ? error.message.trim().split("\n")[0] : "";
  return new LongshoreError("Unauthenticated", `there are no credentials for the API server: ${reason}`, {
    cause: error,
    hint,
  });
}
