/** Puts an operation behind its address: who may, what came in, the work, its record, the answer. */
import { Readable } from "node:stream";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { LongshoreError } from "../../domain/errors.ts";
import type { GatewayDependencies } from "../dependencies.ts";
import { authenticate, authorize, type Caller } from "../auth/caller.ts";
import { decodedParams, decodedQuery } from "../http/request-target.ts";
import { validated } from "../http/validation.ts";
import type { Lifetime } from "../lifetime.ts";
import { onceForKey } from "./idempotency.ts";
import type { Answer, Operation } from "./operation.ts";

declare module "fastify" {
  interface FastifyContextConfig {
    /** Of what the route is, for the audit. */
    kind?: string;
  }
}

export interface OperationHome {
  readonly dependencies: Pick<GatewayDependencies, "identity" | "audit" | "idempotency" | "onError">;
  readonly lifetime: Lifetime;
}

export function serveOperation(app: FastifyInstance, operation: Operation, home: OperationHome): void {
  const { dependencies, lifetime } = home;
  app.route({
    method: operation.method,
    url: routerPath(operation.path),
    exposeHeadRoute: operation.method === "GET" && operation.answer.mediaType === undefined,
    config: { kind: operation.kind },
    onRequest: async (request) => {
      const { authorization } = request.headers;
      const caller = await authenticate(dependencies.identity, authorization, lifetime.ended);
      request.caller = caller;
      authorize(caller, operation.verb);
    },
    handler: async (request, reply) => {
      const answer = await answerOf(operation, request, home);
      if (answer.stream !== undefined) return takeOver(reply, answer.stream, home);
      return send(reply, answer);
    },
  });
}

/** `{path}` takes the rest of the address, every other parameter one segment. */
const routerPath = (template: string): string =>
  template.replaceAll(/\{(\w+)\}/g, (_, name: string) => (name === "path" ? "*" : `:${name}`));

async function answerOf(operation: Operation, request: FastifyRequest, home: OperationHome): Promise<Answer> {
  const { dependencies, lifetime } = home;
  const { audit, idempotency } = dependencies;
  const path = decodedParams(request.params);
  const params = validated(operation.params, path, "the path");
  const query = validated(operation.query, decodedQuery(request.query), "the query");
  const body = bodyOf(operation, request);
  const caller = request.caller as Required<Caller>;
  const { headers } = request;
  // A change is finished even where its caller has hung up: the record and the answer's key are parts of it.
  const signal = lifetime.ended;
  const work = async (requestId: string | undefined): Promise<Answer> => {
    const answer = await operation.perform({ params, query, body, headers, caller, requestId }, signal);
    if (answer.record !== undefined)
      audit.append({
        ...answer.record,
        actor: caller.actor,
        status: answer.status,
        address: request.address,
      });
    return answer;
  };
  const key = headers["idempotency-key"];
  const keyed = { operation, actor: caller.actor, key: [key].flat()[0], path: JSON.stringify(path), body };
  const { answer, isReplay } = await onceForKey(
    idempotency,
    { ...keyed, path: operation.path + keyed.path },
    work,
    signal,
  );
  return isReplay ? { ...answer, headers: { ...answer.headers, "Idempotency-Replayed": "true" } } : answer;
}

function bodyOf(operation: Operation, { body, mediaType }: FastifyRequest): unknown {
  const expected = operation.body;
  if (expected === undefined) {
    const isNothing =
      body === undefined || (typeof body === "object" && body !== null && Object.keys(body).length === 0);
    if (!isNothing) throw new LongshoreError("InvalidRequest", "a body is nothing to this request");
    return undefined;
  }
  if (mediaType !== undefined && !expected.mediaTypes.includes(mediaType))
    throw new LongshoreError("UnsupportedMediaType", `the body must be ${expected.mediaTypes.join(" or ")}`);
  const given = body === undefined && expected.optional === true ? {} : body;
  if (given === undefined) throw new LongshoreError("InvalidRequest", "the request has no body");
  return validated(expected.schema, given, "the document");
}

function send(reply: FastifyReply, answer: Answer): FastifyReply {
  reply.code(answer.status).headers({ ...answer.headers });
  if (answer.bytes !== undefined) return reply.send(Readable.from(answer.bytes, { objectMode: false }));
  if (answer.body === undefined) return reply.send();
  return reply.header("Content-Type", "application/json; charset=utf-8").send(JSON.stringify(answer.body));
}

/** From here on the framework has no part in it: what goes wrong can only end the connection. */
async function takeOver(
  reply: FastifyReply,
  stream: NonNullable<Answer["stream"]>,
  { dependencies, lifetime }: OperationHome,
): Promise<void> {
  reply.hijack();
  const { raw } = reply;
  using connection = lifetime.connection(raw);
  try {
    await stream(raw, AbortSignal.any([connection.signal, lifetime.stopping]));
    raw.end();
  } catch (error) {
    const isEnd = connection.signal.aborted || lifetime.stopping.aborted;
    if (!isEnd)
      dependencies.onError(error, `${reply.request.method} ${reply.request.routeOptions.url ?? ""}`);
    if (raw.headersSent && isEnd) raw.end();
    else raw.destroy();
  }
}
