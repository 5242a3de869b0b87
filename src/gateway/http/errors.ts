/** Whatever goes wrong becomes a problem document (RFC 9457) here, and nowhere else. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { z } from "zod";
import { fieldErrorsOf, problemMediaType, problemOf } from "../../api/problem.ts";
import { catalogue, LongshoreError } from "../../domain/errors.ts";
import type { Refuse } from "../auth/refusals.ts";
import { AnswerError } from "./answer-error.ts";

export interface ErrorReporting {
  readonly refuse: Refuse;
  readonly onError: (error: unknown, where: string) => void;
}

/** Takes over every error of the application and every address that it does not know. */
export function addErrorHandling(app: FastifyInstance, reporting: ErrorReporting): void {
  app.setErrorHandler((error, request, reply) => {
    const refused = refusedOr(reporting, error, request);
    const answer = knownError(refused);
    const where = `${request.method} ${routeOf(request)}`;
    if (catalogue[answer.code].status >= 500) reporting.onError(refused, where);
    return sendProblem(reply, answer);
  });
  app.setNotFoundHandler(() => {
    throw new LongshoreError("ResourceNotFound", "there is nothing at this address", {
      hint: "see /openapi.json for what there is",
    });
  });
}

export const routeOf = (request: FastifyRequest): string => request.routeOptions.url ?? "unknown address";

/** Recording a refusal may itself fail, as when the disk is full; then that is the error. */
function refusedOr({ refuse }: ErrorReporting, error: unknown, request: FastifyRequest): unknown {
  const known = knownError(error);
  try {
    return known.code === "InternalError" ? error : refuse(known, request);
  } catch (failure) {
    return failure;
  }
}

function sendProblem(reply: FastifyReply, error: LongshoreError): FastifyReply {
  const problem = problemText(error);
  // Bytes, since the framework would give a text's media type a charset, which this one has none of.
  return reply.code(problem.status).headers(problem.headers).send(Buffer.from(problem.text));
}

export interface ProblemText {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
}

export function problemText(error: LongshoreError): ProblemText {
  const fields = error.cause instanceof z.ZodError ? fieldErrorsOf(error.cause) : [];
  const problem = problemOf(error, fields);
  return {
    status: problem.status,
    headers: { "Content-Type": problemMediaType, ...headersOf(error) },
    text: JSON.stringify(problem),
  };
}

function headersOf(error: LongshoreError): Readonly<Record<string, string>> {
  if (error instanceof AnswerError) return error.headers;
  if (catalogue[error.code].status === 401) return { "WWW-Authenticate": "Bearer" };
  return catalogue[error.code].status === 503 ? { "Retry-After": "5" } : {};
}

/** Errors of ours as they are; those of the framework by their status; nothing of all others gets out. */
export function knownError(error: unknown): LongshoreError {
  if (error instanceof LongshoreError) return error;
  const status = (error as { statusCode?: unknown } | undefined)?.statusCode;
  if (status === 413) return new LongshoreError("TooLarge", "the body is too large", { cause: error });
  if (status === 415)
    return new LongshoreError("UnsupportedMediaType", "the body's media type is not understood", {
      cause: error,
    });
  if (typeof status === "number" && status >= 400 && status < 500)
    return new LongshoreError("InvalidRequest", "the request can't be understood", { cause: error });
  return new LongshoreError("InternalError", "something went wrong here that should not", { cause: error });
}
