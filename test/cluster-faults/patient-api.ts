/** The API server for a test that kills it: asked again until it answers. */
import { LongshoreError } from "../../src/domain/errors.ts";
import { pause } from "../../src/cluster/client/pause.ts";
import type { KubeApi, KubeEvent, KubeObject } from "../../src/cluster/kube-api.ts";

/** Milliseconds; nothing here stays away for longer. */
const patience = 300_000;
const between = 300;

/** What is away now, or does not know all of its kinds yet. */
const away: ReadonlySet<string> = new Set([
  "ServerUnreachable",
  "ServerFailed",
  "TooManyRequests",
  "ResourceNotFound",
  "Unauthenticated",
]);
const isAway = (error: unknown): boolean => error instanceof LongshoreError && away.has(error.code);
const isCode = (error: unknown, code: string): boolean =>
  error instanceof LongshoreError && error.code === code;

export function patientApi(api: KubeApi): KubeApi {
  return {
    ...api,
    get: (resource, key, signal) => again(() => api.get(resource, key, signal), signal),
    list: (resource, query, signal) => again(() => api.list(resource, query, signal), signal),
    watch: (...args) => untilCut(api.watch(...args), args[2]),
    create: (resource, object, options, signal) => {
      let tries = 0;
      return again(async () => {
        try {
          tries++;
          return await api.create(resource, object, options, signal);
        } catch (error) {
          // Done before, and the answer was lost.
          const made =
            tries > 1 && isCode(error, "AlreadyExists")
              ? await api.get<typeof object>(resource, object.metadata, signal)
              : undefined;
          if (made === undefined) throw error;
          return made;
        }
      }, signal);
    },
    replace: (resource, object, options, signal) =>
      again(() => api.replace(resource, object, options, signal), signal),
    patch: (...args) => again(() => api.patch(...args), args[4]),
    apply: (resource, object, options, signal) =>
      again(() => api.apply(resource, object, options, signal), signal),
    delete: (resource, key, options, signal) =>
      again(() => api.delete(resource, key, options, signal), signal),
  };
}

async function again<T>(ask: () => Promise<T>, signal: AbortSignal): Promise<T> {
  for (const deadline = performance.now() + patience; ;) {
    try {
      return await ask();
    } catch (error) {
      signal.throwIfAborted();
      if (!isAway(error) || performance.now() > deadline) throw error;
    }
    await pause(between, signal);
  }
}

/** A watch that is cut off ends: whoever watches lists again. */
async function* untilCut<T extends KubeObject>(
  events: AsyncIterable<KubeEvent<T>>,
  signal: AbortSignal,
): AsyncGenerator<KubeEvent<T>, void, undefined> {
  try {
    yield* events;
  } catch (error) {
    signal.throwIfAborted();
    if (!isAway(error) && !isCode(error, "WatchExpired")) throw error;
  }
}
