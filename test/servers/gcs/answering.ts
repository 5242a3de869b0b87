/** Takes a request from its first line to its answer: which method it is, who asks, what goes wrong, what comes back. */
import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { type ApiError, apiError, errorDocument, isApiError, notThere } from "./api-error.ts";
import { breakConnection, type Fault, type Faults } from "./faults.ts";
import { selectFields } from "./fields.ts";
import { sendMedia } from "./media.ts";
import {
  type Call,
  composeObject,
  deleteObject,
  getObject,
  insertObject,
  listObjects,
  rewriteObject,
} from "./methods.ts";
import { type Operation, parametersOf } from "./parameters.ts";
import type { ServiceAccount } from "./service-account.ts";
import { checkSignature, isSigned, sendSigned, type SignedRequest } from "./signed-media.ts";
import type { Bucket } from "./stored-objects.ts";
import { answerToken } from "./token-answers.ts";
import type { Tokens } from "./tokens.ts";

const routes: readonly { method: string; path: RegExp; operation: Operation; permission: string }[] = [
  {
    method: "GET",
    path: /^\/storage\/v1\/b\/([^/]+)\/o$/,
    operation: "objects.list",
    permission: "storage.objects.list",
  },
  {
    method: "GET",
    path: /^\/storage\/v1\/b\/([^/]+)\/o\/([^/]+)$/,
    operation: "objects.get",
    permission: "storage.objects.get",
  },
  {
    method: "DELETE",
    path: /^\/storage\/v1\/b\/([^/]+)\/o\/([^/]+)$/,
    operation: "objects.delete",
    permission: "storage.objects.delete",
  },
  {
    method: "POST",
    path: /^\/upload\/storage\/v1\/b\/([^/]+)\/o$/,
    operation: "objects.insert",
    permission: "storage.objects.create",
  },
  {
    method: "POST",
    path: /^\/storage\/v1\/b\/([^/]+)\/o\/([^/]+)\/compose$/,
    operation: "objects.compose",
    permission: "storage.objects.create",
  },
  {
    method: "POST",
    path: /^\/storage\/v1\/b\/([^/]+)\/o\/([^/]+)\/rewriteTo\/b\/([^/]+)\/o\/([^/]+)$/,
    operation: "objects.rewrite",
    permission: "storage.objects.create",
  },
];

export interface State {
  readonly folder: string;
  readonly buckets: Map<string, Bucket>;
  readonly tokens: Tokens;
  readonly account: ServiceAccount;
  readonly faults: Faults;
  readonly asked: Map<string, number>;
  readonly limits: { page: number; rewrite: number };
  readonly denied: Set<string>;
}

export function findBucket({ buckets }: State, name: string): Bucket {
  const bucket = buckets.get(name);
  if (bucket === undefined) throw notThere.bucket();
  return bucket;
}

export async function answer(
  state: State,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const url = new URL(request.url ?? "/", "http://server");
  const going: { fault?: Fault | undefined } = {};
  try {
    if (await answerToken(state, url, request, response)) return;
    if (isSigned(url)) await answerSigned(state, { request, response, url });
    else await answerMethod(state, { request, response, url }, going);
  } catch (error) {
    if (!isApiError(error)) throw error;
    if (going.fault === "lose") breakConnection(response);
    else await refuse(error, url, request, response);
  }
}

interface Asked {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly url: URL;
}

async function answerMethod(
  state: State,
  { request, response, url }: Asked,
  going: { fault?: Fault | undefined },
): Promise<void> {
  const { route, names } = routeOf(request.method, request.url ?? "/");
  const { operation } = route;
  state.asked.set(operation, (state.asked.get(operation) ?? 0) + 1);
  const fault = state.faults.take(operation);
  going.fault = fault;
  if (fault === "cut") return breakConnection(response);
  if (fault !== undefined && fault !== "lose") throw fault;
  const call = callOf(state, { route, names, request, url });
  if (operation === "objects.get" && call.parameters.get("alt") === "media")
    return fault === "lose" ? breakConnection(response) : await sendMedia(call, response);
  const document = await carryOut(operation, call);
  if (fault === "lose") return breakConnection(response);
  sendDocument(response, document, call.parameters.get("fields"));
}

async function answerSigned(state: State, signed: SignedRequest): Promise<void> {
  const [bucket = "", name = ""] = checkSignature(state.account, signed);
  state.asked.set("signed", (state.asked.get("signed") ?? 0) + 1);
  const call = {
    bucket: findBucket(state, bucket),
    findBucket: (other: string) => findBucket(state, other),
    names: [name],
    parameters: new Map(),
    headers: signed.request.headers,
    body: signed.request,
    folder: state.folder,
    limits: state.limits,
  };
  await sendSigned(call, signed);
}

type Route = (typeof routes)[number];

/** Names stand escaped in the path, so that it is not split or tidied before they are known. */
function routeOf(method: string | undefined, target: string): { route: Route; names: readonly string[] } {
  const path = target.split("?", 1)[0] ?? "";
  for (const route of routes) {
    const found = route.method === method ? route.path.exec(path) : null;
    if (found !== null) return { route, names: found.slice(1).map(decodeURIComponent) };
  }
  throw apiError(404, "notFound", "This server knows no such method");
}

interface Routed {
  readonly route: Route;
  readonly names: readonly string[];
  readonly request: IncomingMessage;
  readonly url: URL;
}

function callOf(state: State, { route, names, request, url }: Routed): Call {
  const [bucketName = "", ...rest] = names;
  const parameters = parametersOf(route.operation, url.searchParams);
  const isKnown = state.tokens.check(request.headers.authorization) !== undefined;
  const bucket = findBucket(state, bucketName);
  const { permission } = route;
  if (!isKnown && !bucket.isPublic)
    throw apiError(401, "required", `Anonymous caller does not have ${permission} ${denial(permission)}`);
  if (state.denied.has(permission))
    throw apiError(403, "forbidden", `tests@example.com does not have ${permission} ${denial(permission)}`);
  if (bucket.isRequesterPays && !parameters.has("userProject"))
    throw apiError(
      400,
      "userProjectMissing",
      "Bucket is a requester pays bucket but no user project provided.",
    );
  return {
    bucket,
    findBucket: (name) => findBucket(state, name),
    names: rest,
    parameters,
    headers: request.headers,
    body: request,
    folder: state.folder,
    limits: state.limits,
  };
}

const denial = (permission: string): string =>
  `access to the Google Cloud Storage object. Permission '${permission}' denied on resource (or it may not exist).`;

function carryOut(operation: Operation, call: Call): object | undefined | Promise<object> {
  switch (operation) {
    case "objects.list":
      return listObjects(call);
    case "objects.get":
      return getObject(call);
    case "objects.insert":
      return insertObject(call);
    case "objects.delete":
      return deleteObject(call);
    case "objects.compose":
      return composeObject(call);
    case "objects.rewrite":
      return rewriteObject(call);
  }
}

function sendDocument(
  response: ServerResponse,
  document: object | undefined,
  fields: string | undefined,
): void {
  if (document === undefined) {
    response.writeHead(204).end();
    return;
  }
  const body = JSON.stringify(selectFields(document, fields));
  response.writeHead(200, { "content-type": "application/json; charset=UTF-8" }).end(body);
}

/** Downloads are refused in plain text. What is left of the request is read first: else the answer may never arrive. */
async function refuse(
  error: ApiError,
  url: URL,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  if (!request.complete && request.readableDidRead) response.setHeader("connection", "close");
  else if (!request.complete) await once(request.resume(), "end");
  const isMedia = url.searchParams.get("alt") === "media";
  const type = isMedia ? "text/html; charset=UTF-8" : "application/json; charset=UTF-8";
  response
    .writeHead(error.status, { "content-type": type })
    .end(isMedia ? error.message : errorDocument(error));
}
