/** What becomes of a request that may not do what it wants: it is recorded, and whoever tries too often is told to wait. */
import type { FastifyRequest } from "fastify";
import { catalogue, type ErrorCode, type LongshoreError } from "../../domain/errors.ts";
import type { AuditLog } from "../../domain/ports/audit-log.ts";
import { NamespaceName, ResourceName } from "../../domain/resources/names.ts";
import { AnswerError } from "../http/answer-error.ts";
import type { FailureLimiter } from "./failure-limiter.ts";

const refusals: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  "Unauthenticated",
  "Forbidden",
  "GrantInvalid",
  "GrantExpired",
  "GrantRevoked",
  "GrantExhausted",
]);

/** The error to answer with. The limit also bounds what strangers can write into the audit. */
export type Refuse = (error: LongshoreError, request: FastifyRequest) => LongshoreError;

export function createRefuse(audit: AuditLog, limiter: FailureLimiter): Refuse {
  return (error, request) => {
    if (!refusals.has(error.code)) return error;
    const wait = limiter.fail(request.address);
    if (wait !== undefined)
      return new AnswerError("TooManyRequests", "too many requests from this address were refused", {
        headers: { "Retry-After": `${wait}` },
        cause: error,
      });
    audit.append({
      actor: request.caller.actor,
      action: "refuse",
      kind: request.routeOptions.config.kind ?? "Request",
      ...subjectOf(request.params),
      status: catalogue[error.code].status,
      address: request.address,
      reason: error.code,
    });
    return error;
  };
}

/** Only what is a name: the rest may be anything, and was not checked yet. */
function subjectOf(params: unknown): { readonly namespace?: string; readonly name?: string } {
  const { namespace, name, grant } = (params ?? {}) as Readonly<Record<string, string | undefined>>;
  const subject = ResourceName.safeParse(grant ?? name).data;
  const place = NamespaceName.safeParse(namespace).data;
  return {
    ...(place === undefined ? {} : { namespace: place }),
    ...(subject === undefined ? {} : { name: subject }),
  };
}
