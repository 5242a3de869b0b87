/** The KubeApi port over HTTPS. */
import { z } from "zod";
import { LongshoreError } from "../../domain/errors.ts";
import type { KubeApi, KubeEvent, KubeObject, KubeResource, KubeWatchQuery } from "../kube-api.ts";
import { collectionPath, objectPath, withQuery } from "./api-path.ts";
import { apiStatusOf } from "./api-status.ts";
import type { ClusterAccess } from "./cluster-access.ts";
import { type ApiLine, type Call, type LineLimits, openLine } from "./exchange.ts";
import { watchEvents } from "./watch-events.ts";

export interface OpenKubeApi extends KubeApi, AsyncDisposable {
  /** "https://host:port" */
  readonly server: string;
  /** That of the kubeconfig's context or of the pod, if one is said. */
  readonly namespace: string | undefined;
}

export interface KubeApiLimits extends LineLimits {
  /** Milliseconds in which a watch that has brought bookmarks brings nothing, after which it is held for dead. */
  readonly silence: number;
  /** Milliseconds after which a watch is held for dead that should have ended. */
  readonly overdue: number;
}

const usualLimits: KubeApiLimits = {
  request: 60_000,
  // Bookmarks come about once a minute.
  silence: 150_000,
  overdue: 30_000,
  answer: 2 ** 28,
};

const pods: KubeResource = { group: "", version: "v1", plural: "pods", kind: "Pod", namespaced: true };
/** Bytes; more lines than that are not sent by the API server. */
const mostOfLog = 2 ** 20;

/** Connections are made when they are needed. Throws InvalidArgument where the kubeconfig can't be used. */
export function openKubeApi(access: ClusterAccess, given: Partial<KubeApiLimits> = {}): OpenKubeApi {
  const limits = { ...usualLimits, ...given };
  const line = openLine(access, limits);
  const { server, namespace } = line;
  const write = <T extends KubeObject>(resource: KubeResource, call: Call, signal: AbortSignal): Promise<T> =>
    ask<T>(line, resource, call, signal);
  return {
    server,
    namespace,
    get: async <T extends KubeObject>(...[resource, key, signal]: Parameters<KubeApi["get"]>) => {
      const path = objectPath(resource, key);
      return noneWhereMissing(key.name, ask<T>(line, resource, { method: "GET", path }, signal));
    },
    list: async <T extends KubeObject>(...[resource, query, signal]: Parameters<KubeApi["list"]>) => {
      const { namespace: within, ...values } = query;
      const path = withQuery(collectionPath(resource, within), values);
      const call: Call = { method: "GET", path };
      const { items, metadata } = shaped(List, await json(line, call, signal), call);
      const next = metadata.continue;
      return {
        items: (items ?? []).map((item) => objectOf<T>(resource, item, call)),
        resourceVersion: metadata.resourceVersion,
        ...(next === undefined || next === "" ? {} : { continue: next }),
      };
    },
    watch: <T extends KubeObject>(...[resource, query, signal]: Parameters<KubeApi["watch"]>) =>
      watch<T>(line, limits, { resource, query }, signal),
    create: async (resource, object, options, signal) => {
      const path = collectionPath(resource, object.metadata.namespace);
      return write(
        resource,
        { method: "POST", path: withQuery(path, written(options)), body: object },
        signal,
      );
    },
    replace: async (resource, object, options, signal) => {
      const path = objectPath(resource, object.metadata, options.subresource);
      return write(
        resource,
        { method: "PUT", path: withQuery(path, written(options)), body: object },
        signal,
      );
    },
    patch: async <T extends KubeObject>(...given: Parameters<KubeApi["patch"]>) => {
      const [resource, key, patch, options, signal] = given;
      const path = withQuery(objectPath(resource, key, options.subresource), written(options));
      const contentType = "application/merge-patch+json";
      return write<T>(resource, { method: "PATCH", path, contentType, body: patch }, signal);
    },
    apply: async (resource, object, options, signal) => {
      const path = objectPath(resource, object.metadata, options.subresource);
      const asked = withQuery(path, { ...written(options), force: true });
      const contentType = "application/apply-patch+yaml";
      return write(resource, { method: "PATCH", path: asked, contentType, body: object }, signal);
    },
    delete: async (resource, key, options, signal) => {
      const { uid, propagationPolicy = "Background", gracePeriodSeconds } = options;
      const body = {
        apiVersion: "v1",
        kind: "DeleteOptions",
        propagationPolicy,
        gracePeriodSeconds,
        ...(uid === undefined ? {} : { preconditions: { uid } }),
      };
      const call: Call = { method: "DELETE", path: objectPath(resource, key), body };
      await noneWhereMissing(key.name, line.text(call, signal));
    },
    podLog: async (key, { tailLines, container }, signal) => {
      const path = objectPath(pods, key, "log");
      const asked = withQuery(path, { tailLines, container, limitBytes: mostOfLog });
      return line.text({ method: "GET", path: asked }, signal);
    },
    podLogStream: (key, options, signal) => {
      const path = withQuery(objectPath(pods, key, "log"), { ...options });
      return line.stream({ method: "GET", path }, () => limits.silence, signal);
    },
    [Symbol.asyncDispose]: async () => line[Symbol.dispose](),
  };
}

interface Watched {
  readonly resource: KubeResource;
  readonly query: KubeWatchQuery;
}

/**
 * Of kinds that an API server does not cache, as Events, it sends no bookmarks: there, nothing is what a watch has to say
 * while nothing changes, and that the other end is gone is found out by TCP or when the watch does not end by its time.
 */
async function* watch<T extends KubeObject>(
  line: ApiLine,
  { silence, overdue }: KubeApiLimits,
  { resource, query }: Watched,
  signal: AbortSignal,
): AsyncGenerator<KubeEvent<T>, void, undefined> {
  const { namespace, ...values } = query;
  const path = collectionPath(resource, namespace);
  const asked = withQuery(path, { ...values, watch: true, allowWatchBookmarks: true });
  let patience = query.timeoutSeconds * 1000 + overdue;
  const stream = line.stream({ method: "GET", path: asked }, () => patience, signal);
  for await (const event of watchEvents<T>(stream, `GET ${path}`)) {
    if (event.type === "BOOKMARK") patience = silence;
    yield event;
  }
}

const written = ({ dryRun, fieldManager = "longshore" }: { dryRun?: boolean; fieldManager?: string }) => ({
  dryRun: dryRun === true ? "All" : undefined,
  fieldManager,
});

const ObjectShape = z.looseObject({ metadata: z.looseObject({ name: z.string().optional() }) });
const List = z.object({
  metadata: z.object({ resourceVersion: z.string(), continue: z.string().optional() }),
  items: z.array(z.unknown()).nullish(),
});

async function ask<T extends KubeObject>(
  line: ApiLine,
  resource: KubeResource,
  call: Call,
  signal: AbortSignal,
): Promise<T> {
  return objectOf<T>(resource, await json(line, call, signal), call);
}

/** Who manages which field is half of an object's bytes and nobody's concern here. */
function objectOf<T extends KubeObject>(
  { group, version, kind }: KubeResource,
  given: unknown,
  call: Call,
): T {
  const object = shaped(ObjectShape, given, call);
  delete object.metadata["managedFields"];
  // Items of a list do not say their kind.
  return { apiVersion: group === "" ? version : `${group}/${version}`, kind, ...object } as unknown as T;
}

async function json(line: ApiLine, call: Call, signal: AbortSignal): Promise<unknown> {
  const text = await line.text(call, signal);
  try {
    return JSON.parse(text);
  } catch {
    // The reason would quote the answer, which may hold anything.
    throw notUnderstood(call, "no JSON");
  }
}

function shaped<S extends z.ZodType>(schema: S, given: unknown, call: Call): z.infer<S> {
  const { data } = schema.safeParse(given);
  if (data === undefined) throw notUnderstood(call, "not what the API promises");
  return data;
}

const notUnderstood = ({ method, path }: Call, what: string): LongshoreError =>
  new LongshoreError("ServerFailed", `the answer to ${method} ${path.split("?", 1)[0]} is ${what}`, {
    hint: "look for a proxy between here and the API server",
  });

/** A kind that the server does not know is an error: there, nothing can be said of any object. */
async function noneWhereMissing<T>(name: string, answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    const status = apiStatusOf(error);
    if (status?.code === 404 && status.subject === name) return undefined;
    throw error;
  }
}
