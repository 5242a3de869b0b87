/** Calls whose answer is held to a schema; what the methods of the client are made of. */
import type { z } from "zod";
import { LongshoreError } from "../domain/errors.ts";
import { checked } from "./answer-body.ts";
import type { Request } from "./attempt.ts";
import type { Connection } from "./client-options.ts";
import { withRetries } from "./retries.ts";

export interface ApiCalls {
  readonly call: <S extends z.ZodType>(
    request: Request,
    schema: S,
    signal: AbortSignal,
  ) => Promise<z.infer<S>>;
  /** The answer as it is, undefined where it has no body. */
  readonly raw: (request: Request, signal: AbortSignal) => Promise<unknown>;
  /** Undefined where it is gone now, and an attempt whose answer was lost may have done it. */
  readonly deleting: <S extends z.ZodType>(
    path: string,
    schema: S,
    signal: AbortSignal,
  ) => Promise<z.infer<S> | undefined>;
}

export function apiCallsOf(connection: Connection): ApiCalls {
  const raw: ApiCalls["raw"] = async (request, signal) => {
    const { outcome, mayHaveHappened } = await withRetries(connection, request, signal);
    if (outcome.ok) return outcome.body;
    if (mayHaveHappened && outcome.error.code === "AlreadyExists") throw perhapsOurs(outcome.error);
    throw outcome.error;
  };
  return {
    raw,
    call: async (request, schema, signal) =>
      checked(schema, await raw(request, signal), nameOf(connection, request)),
    deleting: async (path, schema, signal) => {
      const request: Request = { method: "DELETE", path };
      const { outcome, mayHaveHappened } = await withRetries(connection, request, signal);
      if (outcome.ok)
        return outcome.body === undefined
          ? undefined
          : checked(schema, outcome.body, nameOf(connection, request));
      if (mayHaveHappened && outcome.error.code === "ResourceNotFound") return undefined;
      throw outcome.error;
    },
  };
}

/** The answer that tells a token can't be given twice. */
const perhapsOurs = (error: LongshoreError): LongshoreError =>
  new LongshoreError(error.code, error.message, {
    cause: error,
    hint: "it may be this very request's, whose answer was lost: look at it, or delete it and try again",
  });

const nameOf = ({ server }: Connection, { method, path }: Request): string =>
  `${method} ${server}${path.replace(/\?.*$/s, "")}`;

/** Values of undefined are left out. */
export function withQuery(
  path: string,
  parameters: Readonly<Record<string, string | number | undefined>>,
): string {
  const pairs = Object.entries(parameters).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}=${encodeURIComponent(value)}`],
  );
  return pairs.length === 0 ? path : `${path}?${pairs.join("&")}`;
}

/** With `resourceVersion` only if it still is that (RFC 9110 section 13.1.1). */
export function patchRequest(path: string, resourceVersion: string | undefined, body: unknown): Request {
  return {
    method: "PATCH",
    path,
    body,
    headers: {
      "Content-Type": "application/merge-patch+json",
      ...(resourceVersion === undefined ? undefined : { "If-Match": `"${resourceVersion}"` }),
    },
  };
}

interface Page {
  readonly metadata: { readonly continue?: string | undefined };
}

/** The pages of a list, one asked for when the one before was taken. */
export async function* pagesOf<Q extends { readonly continue?: string | undefined }, P extends Page>(
  list: (query: Q, signal: AbortSignal) => Promise<P>,
  query: Q,
  signal: AbortSignal,
): AsyncGenerator<P, void, undefined> {
  let position = query.continue;
  do {
    const page = await list({ ...query, continue: position }, signal);
    yield page;
    position = page.metadata.continue;
  } while (position !== undefined && position !== "");
}
