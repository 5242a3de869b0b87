/**
 * As much of a Kubernetes API server as lists, watches and Leases need, over HTTPS, that can be told to misbehave as real
 * ones do: answer with errors, cut connections, fall silent, forget the past, send garbage, be away.
 */
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { temporaryFolder } from "../fixtures/run.ts";
import { makeCertificate } from "./certificate.ts";

/**
 * - `status` answers with that code, a Status or another body, and the headers.
 * - `reset` cuts the connection instead of an answer; `lose` after what was asked is done; `silence` says nothing at all.
 * - `watch` lets so many events through (bookmarks too), and then ends the stream, resets it, sends that text, or says nothing any more.
 */
export type ApiFault =
  | {
      readonly how: "status";
      readonly code: number;
      readonly body: object | string;
      readonly headers?: Readonly<Record<string, string>>;
    }
  | { readonly how: "reset" | "lose" | "silence" }
  | {
      readonly how: "watch";
      readonly after: number;
      readonly ending: "end" | "reset" | "silence" | { readonly send: string };
    };

export interface ApiRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly isWatch: boolean;
  readonly headers: IncomingMessage["headers"];
  /** The same for requests that came over the same connection. */
  readonly connection: object;
}

export interface StoredObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly namespace: string;
    readonly name: string;
    readonly [member: string]: unknown;
  };
  readonly [member: string]: unknown;
}

export interface FaultApiServer extends AsyncDisposable {
  readonly origin: string;
  /** The server's own authority, in PEM. */
  readonly certificate: string;
  readonly folder: string;
  /** Every request so far; of watches with "watch" before the path. */
  readonly requests: readonly string[];
  /** Watches that are open now. */
  readonly watches: number;
  /** Chosen anew for every request. */
  fault: (request: ApiRequest) => ApiFault | undefined;
  /** Writes a kubeconfig with this user and gives its path. */
  kubeconfig(user?: object): string;
  /** Creates or changes one, with members beside its metadata; resolves with its version. */
  put(plural: string, key: { namespace: string; name: string }, members?: object): number;
  remove(plural: string, key: { namespace: string; name: string }): void;
  get(plural: string, key: { namespace: string; name: string }): StoredObject | undefined;
  /** Tells all watches that nothing more happened up to now. */
  bookmark(): void;
  /** Forgets all changes so far. */
  forget(): void;
  /** Goes away with all its connections, and comes back on the same port. */
  leave(): Promise<void>;
  comeBack(): Promise<void>;
}

interface Change {
  readonly version: number;
  readonly plural: string;
  readonly type: "ADDED" | "MODIFIED" | "DELETED";
  readonly object: StoredObject;
}

interface Watch {
  readonly asked: Asked;
  readonly take: (type: string, object: unknown) => void;
}

interface Asked {
  readonly apiVersion: string;
  readonly plural: string;
  readonly namespace: string | undefined;
  readonly name: string | undefined;
}

export async function startFaultApiServer(): Promise<FaultApiServer> {
  const folder = temporaryFolder();
  const certificate = await makeCertificate(folder.path);
  const objects = new Map<string, StoredObject>();
  const watches = new Set<Watch>();
  const requests: string[] = [];
  let history: Change[] = [];
  let forgotten = 0;
  let version = 100;
  let port = 0;
  let server = await listen();
  const self: FaultApiServer = {
    get origin() {
      return `https://127.0.0.1:${port}`;
    },
    certificate: certificate.cert,
    folder: folder.path,
    requests,
    get watches() {
      return watches.size;
    },
    fault: () => undefined,
    kubeconfig,
    put: (plural, key, members = {}) => {
      const before = objects.get(idOf(plural, key));
      const metadata = before?.metadata ?? {
        ...key,
        uid: randomUUID(),
        managedFields: [{ manager: "test" }],
      };
      return change(plural, before === undefined ? "ADDED" : "MODIFIED", {
        apiVersion: "longshore.dev/v1alpha1",
        kind: "Export",
        ...members,
        metadata,
      });
    },
    remove: (plural, key) => {
      const before = objects.get(idOf(plural, key));
      if (before !== undefined) change(plural, "DELETED", before);
    },
    get: (plural, key) => objects.get(idOf(plural, key)),
    bookmark: () => {
      for (const { take } of watches)
        take("BOOKMARK", { kind: "Export", metadata: { resourceVersion: `${version}` } });
    },
    forget: () => {
      history = [];
      forgotten = version;
    },
    leave: () => close(server),
    comeBack: async () => {
      server = await listen();
    },
    [Symbol.asyncDispose]: async () => {
      if (server.listening) await close(server);
      await folder[Symbol.asyncDispose]();
    },
  };
  return self;

  async function listen(): Promise<Server> {
    const listening = createServer({ key: certificate.key, cert: certificate.cert }, (request, response) => {
      handle(request, response).catch(() => response.destroy());
    });
    listening.listen(port, "127.0.0.1");
    await once(listening, "listening");
    ({ port } = listening.address() as AddressInfo);
    return listening;
  }

  function kubeconfig(user: object = { token: "a-token" }): string {
    const path = folder.join(`${randomUUID()}.yaml`);
    const cluster = {
      server: self.origin,
      "certificate-authority-data": Buffer.from(certificate.cert).toString("base64"),
    };
    const config = {
      apiVersion: "v1",
      kind: "Config",
      clusters: [{ name: "test", cluster }],
      users: [{ name: "test", user }],
      contexts: [{ name: "test", context: { cluster: "test", user: "test", namespace: "mine" } }],
      "current-context": "test",
    };
    writeFileSync(path, JSON.stringify(config));
    return path;
  }

  function change(plural: string, type: Change["type"], given: StoredObject): number {
    version++;
    const object = { ...given, metadata: { ...given.metadata, resourceVersion: `${version}` } };
    const id = idOf(plural, object.metadata);
    if (type === "DELETED") objects.delete(id);
    else objects.set(id, object);
    history.push({ version, plural, type, object });
    for (const { asked, take } of watches) if (concerns(asked, plural, object)) take(type, object);
    return version;
  }

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = "GET", headers } = request;
    const { pathname: path, searchParams: query } = new URL(request.url ?? "/", "https://host");
    const isWatch = query.get("watch") === "true";
    requests.push(`${isWatch ? "watch" : method} ${path}`);
    const fault = self.fault({ method, path, query, isWatch, headers, connection: request.socket });
    const body = await text(request);
    if (fault !== undefined && isAnswered(fault, request, response)) return;
    if (isWatch) return watch(parsePath(path), query, response, fault?.how === "watch" ? fault : undefined);
    const given = body === "" ? undefined : JSON.parse(body);
    const { code, content } = carryOut(method, parsePath(path), query, given);
    if (fault?.how === "lose") request.socket.destroy();
    else answer(response, code, content);
  }

  function carryOut(method: string, asked: Asked, query: URLSearchParams, body: StoredObject): Outcome {
    const { plural, name } = asked;
    if (method === "POST") return create(asked, body);
    if (name === undefined) return list(asked, query);
    const before = objects.get(idOf(plural, { namespace: asked.namespace ?? "", name }));
    if (before === undefined) return refused(404, "NotFound", `${plural} "${name}" not found`, { name });
    if (method === "GET") return { code: 200, content: before };
    if (method === "DELETE") {
      change(plural, "DELETED", before);
      return { code: 200, content: { kind: "Status", status: "Success" } };
    }
    const wanted = body.metadata["resourceVersion"];
    if (wanted !== undefined && wanted !== before.metadata["resourceVersion"])
      return refused(409, "Conflict", `Operation cannot be fulfilled on ${plural} "${name}"`, { name });
    change(plural, "MODIFIED", body);
    return { code: 200, content: objects.get(idOf(plural, body.metadata)) ?? {} };
  }

  function create({ plural, namespace = "" }: Asked, body: StoredObject): Outcome {
    const metadata = { ...body.metadata, namespace, uid: randomUUID() };
    const { name } = metadata;
    if (objects.has(idOf(plural, metadata)))
      return refused(409, "AlreadyExists", `${plural} "${name}" already exists`, { name });
    change(plural, "ADDED", { ...body, metadata });
    return { code: 201, content: objects.get(idOf(plural, metadata)) ?? {} };
  }

  function list(asked: Asked, query: URLSearchParams): Outcome {
    const all = [...objects]
      .filter(([id, object]) => id.startsWith(`${asked.plural}/`) && concerns(asked, asked.plural, object))
      .toSorted(([a], [b]) => (a < b ? -1 : 1));
    const [from = "", as = `${version}`] = query.get("continue")?.split(" ") ?? [];
    if (Number(as) < forgotten) return refused(410, "Expired", "The provided continue parameter is too old");
    const rest = all.filter(([id]) => id > from);
    const page = rest.slice(0, Number(query.get("limit") ?? rest.length));
    const next = page.length < rest.length ? `${page.at(-1)?.[0]} ${as}` : "";
    const metadata = { resourceVersion: as, continue: next };
    const items = page.map(([, { apiVersion: _version, kind: _kind, ...object }]) => object);
    return { code: 200, content: { apiVersion: asked.apiVersion, kind: "List", metadata, items } };
  }

  function watch(
    asked: Asked,
    query: URLSearchParams,
    response: ServerResponse,
    fault: (ApiFault & { how: "watch" }) | undefined,
  ): void {
    const since = Number(query.get("resourceVersion"));
    if (since < forgotten) {
      const { code, content } = refused(410, "Expired", `too old resource version: ${since}`);
      return answer(response, code, content);
    }
    response.writeHead(200, { "Content-Type": "application/json" }).flushHeaders();
    let left = fault?.after ?? Number.POSITIVE_INFINITY;
    const one: Watch = {
      asked,
      take: (type, object) => {
        if (left > 0) response.write(`${JSON.stringify({ type, object })}\n`);
        if (--left === 0) misbehave();
      },
    };
    const misbehave = (): void => {
      if (fault?.ending === "end") response.end();
      else if (fault?.ending === "reset") setImmediate(() => response.socket?.destroy());
      else if (fault !== undefined && typeof fault.ending === "object") response.end(fault.ending.send);
    };
    watches.add(one);
    response.on("close", () => watches.delete(one));
    if (left === 0) return misbehave();
    for (const { version: at, plural, type, object } of history)
      if (at > since && concerns(asked, plural, object)) one.take(type, object);
  }
}

/** Whether the fault is all that there is to an answer. */
function isAnswered(fault: ApiFault, request: IncomingMessage, response: ServerResponse): boolean {
  if (fault.how === "reset") request.socket.destroy();
  if (fault.how === "status") answer(response, fault.code, fault.body, fault.headers);
  return fault.how === "reset" || fault.how === "status" || fault.how === "silence";
}

interface Outcome {
  readonly code: number;
  readonly content: object;
}

export const statusOf = (code: number, reason: string, message: string, details: object = {}): object => ({
  kind: "Status",
  apiVersion: "v1",
  metadata: {},
  status: "Failure",
  message,
  reason,
  details,
  code,
});

const refused = (code: number, reason: string, message: string, details: object = {}): Outcome => ({
  code,
  content: statusOf(code, reason, message, details),
});

function answer(
  response: ServerResponse,
  code: number,
  body: object | string,
  headers: Readonly<Record<string, string>> = {},
): void {
  const isText = typeof body === "string";
  response.writeHead(code, { "Content-Type": isText ? "text/html" : "application/json", ...headers });
  response.end(isText ? body : JSON.stringify(body));
}

async function close(server: Server): Promise<void> {
  server.closeAllConnections();
  server.close();
  await once(server, "close");
}

const idOf = (plural: string, { namespace, name }: { namespace: string; name: string }): string =>
  `${plural}/${namespace}/${name}`;

const concerns = ({ plural, namespace }: Asked, of: string, { metadata }: StoredObject): boolean =>
  plural === of && (namespace === undefined || namespace === metadata.namespace);

function parsePath(path: string): Asked {
  const [, root, ...rest] = path.split("/");
  const apiVersion = root === "api" ? (rest.shift() ?? "") : rest.splice(0, 2).join("/");
  const namespace = rest[0] === "namespaces" ? rest.splice(0, 2)[1] : undefined;
  return { apiVersion, namespace, plural: rest[0] ?? "", name: rest[1] };
}
