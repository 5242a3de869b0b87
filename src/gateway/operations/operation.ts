/** One operation of the REST interface: the router, the validation and the OpenAPI document are all made from it. */
import type { IncomingHttpHeaders, ServerResponse } from "node:http";
import type { z } from "zod";
import type { ErrorCode } from "../../domain/errors.ts";
import type { Verb } from "../../domain/permission.ts";
import type { NewAuditRecord } from "../../domain/ports/audit-log.ts";
import type { IdempotentReply } from "../../domain/ports/idempotency.ts";
import type { Caller } from "../auth/caller.ts";

export type Method = "GET" | "POST" | "PATCH" | "DELETE";

/** What is said of an operation, whatever the types of its parameters are. */
export interface OperationDescription {
  /** `operationId` of the OpenAPI document. */
  readonly id: string;
  readonly method: Method;
  /** A template of src/api/routes.ts. */
  readonly path: string;
  readonly tag: string;
  readonly summary: string;
  readonly description?: string;
  /** What the caller must be allowed to do; undefined where any token will do. */
  readonly verb: Verb | undefined;
  /** Of what it is, for the audit. */
  readonly kind: string;
  readonly params: z.ZodObject;
  readonly query: z.ZodObject;
  readonly body?: RequestBody | undefined;
  readonly answer: AnswerDescription;
  /** Codes of errors that are its own. */
  readonly errors?: readonly ErrorCode[];
  /** Whether an Idempotency-Key is kept. */
  readonly idempotent?: boolean;
  /** Names of request headers that it reads besides. */
  readonly headers?: readonly RequestHeader[];
}

export interface RequestHeader {
  readonly name: string;
  readonly description: string;
}

export interface RequestBody {
  readonly schema: z.ZodType;
  /** Its name in the OpenAPI document. */
  readonly name: string;
  readonly mediaTypes: readonly string[];
  /** Whether the request may have none, which means `{}`. */
  readonly optional?: boolean;
}

export interface AnswerDescription {
  readonly status: 200 | 201 | 202 | 204;
  readonly description: string;
  readonly mediaType?: string;
  readonly schema?: z.ZodType;
  /** Its name in the OpenAPI document. */
  readonly name?: string;
  readonly headers?: readonly ("Location" | "ETag")[];
}

export interface Call<P, Q, B> {
  readonly params: P;
  readonly query: Q;
  readonly body: B;
  readonly headers: IncomingHttpHeaders;
  readonly caller: Required<Caller>;
  /** Of a request with an Idempotency-Key: see the port. */
  readonly requestId: string | undefined;
}

export interface Answer {
  readonly status: 200 | 201 | 202 | 204 | 304;
  readonly headers?: Readonly<Record<string, string>>;
  /** A document, sent as JSON. */
  readonly body?: unknown;
  /** What an Idempotency-Key may keep, where that is not the whole body. */
  readonly kept?: unknown;
  /** Instead of a body: bytes, with what Content-Length and Content-Type `headers` has. */
  readonly bytes?: AsyncIterable<Uint8Array>;
  /** Instead of all else: writes the answer itself, and ends when it has. */
  readonly stream?: (response: ServerResponse, signal: AbortSignal) => Promise<void>;
  /** What the audit is told of it; reads are not told. */
  readonly record?: Omit<NewAuditRecord, "actor" | "address" | "status">;
}

export interface Operation extends OperationDescription {
  readonly perform: (call: Call<unknown, unknown, unknown>, signal: AbortSignal) => Promise<Answer>;
  /** The first answer again, where it is not as it was kept. */
  readonly replay?: ((reply: IdempotentReply, signal: AbortSignal) => Promise<Answer>) | undefined;
}

export interface OperationDefinition<
  P extends z.ZodObject,
  Q extends z.ZodObject,
  B extends z.ZodType,
> extends OperationDescription {
  readonly params: P;
  readonly query: Q;
  readonly body?: RequestBody & { readonly schema: B };
  readonly perform: (call: Call<z.infer<P>, z.infer<Q>, z.infer<B>>, signal: AbortSignal) => Promise<Answer>;
  readonly replay?: Operation["replay"];
}

/** Forgets the types of the parameters: whoever calls `perform` holds them to the schemas before. */
export function operation<P extends z.ZodObject, Q extends z.ZodObject, B extends z.ZodType = z.ZodUndefined>(
  definition: OperationDefinition<P, Q, B>,
): Operation {
  return {
    ...definition,
    perform: (call, signal) => definition.perform(call as Call<z.infer<P>, z.infer<Q>, z.infer<B>>, signal),
  };
}
