/** Who sent a request, as far as it is known. */
import type { FastifyInstance } from "fastify";
import { LongshoreError } from "../../domain/errors.ts";
import type { Identity } from "../../domain/ports/identity.ts";
import { mayDo, type Role, type Verb } from "../../domain/permission.ts";
import { bearerOf } from "./bearer.ts";

export interface Caller {
  /** For the audit: "token:<name>", "grant:<uid>" once its signature was checked, "anonymous". */
  readonly actor: string;
  /** Missing of whoever has no API identity. */
  readonly role?: Role;
}

declare module "fastify" {
  interface FastifyRequest {
    caller: Caller;
    /** Of the peer; still known when its connection has closed. */
    address: string;
  }
}

const anonymous: Caller = { actor: "anonymous" };

export function addCaller(app: FastifyInstance): void {
  app.decorateRequest("caller");
  app.decorateRequest("address", "");
  app.addHook("onRequest", (request, _reply, done) => {
    request.caller = anonymous;
    request.address = request.ip;
    done();
  });
}

/** Throws Unauthenticated; the message never repeats the credential. */
export async function authenticate(
  identity: Identity,
  authorization: string | undefined,
  signal: AbortSignal,
): Promise<Required<Caller>> {
  const bearer = bearerOf(authorization);
  if (bearer === undefined)
    throw new LongshoreError("Unauthenticated", "the request has no token that can be understood");
  const principal = await identity.authenticate(bearer, signal);
  if (principal === undefined)
    throw new LongshoreError("Unauthenticated", "the token is not known, or has expired");
  return { actor: principal.actor, role: principal.role };
}

/** Throws Forbidden. */
export function authorize(caller: Required<Caller>, verb: Verb | undefined): void {
  if (verb !== undefined && !mayDo(caller.role, verb))
    throw new LongshoreError("Forbidden", `the role ${caller.role} may not ${verb} here`);
}
