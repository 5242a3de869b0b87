/** The API server as a person's commands use it: what may be asked twice is, and what it refuses is explained. */
import { type BackOff, waitAfter } from "../../domain/back-off.ts";
import { catalogue, LongshoreError } from "../../domain/errors.ts";
import { apiStatusOf } from "../client/api-status.ts";
import type { Pause } from "../client/pause.ts";
import { pods } from "../jobs/objects.ts";
import type { KubeApi, KubeResource } from "../kube-api.ts";
import { explainedError } from "./explained-error.ts";

export interface Patience {
  /** The API server's address, for messages. */
  readonly server: string;
  readonly pause: Pause;
  /** From 0 to 1. */
  readonly random: () => number;
}

const attempts = 4;
const backOff: BackOff = { first: 250, longest: 5000 };
/** Milliseconds; who is told to wait longer has to decide that himself. */
const longestAsked = 20_000;

/** Reads, merge patches and deletions are tried a few times, creations only where they surely did not happen. */
export function patientApi(api: KubeApi, patience: Patience): KubeApi {
  const again = <R>(
    resource: KubeResource,
    call: () => Promise<R>,
    options: { readonly mayRepeat: (error: LongshoreError) => boolean; readonly signal: AbortSignal },
  ): Promise<R> => repeated(call, options, patience, (error) => explained(error, resource));
  const explained = (error: unknown, resource: KubeResource): unknown =>
    explainedError(error, resource, patience.server);
  return {
    ...api,
    get: (...args) => again(args[0], () => api.get(...args), { mayRepeat: always, signal: args[2] }),
    list: (...args) => again(args[0], () => api.list(...args), { mayRepeat: always, signal: args[2] }),
    patch: (...args) => again(args[0], () => api.patch(...args), { mayRepeat: always, signal: args[4] }),
    delete: (...args) => again(args[0], () => api.delete(...args), { mayRepeat: always, signal: args[3] }),
    create: (resource, object, options, signal) =>
      again(resource, () => api.create(resource, object, options, signal), {
        mayRepeat: wasTurnedAway,
        signal,
      }),
    watch: async function* (resource, query, signal) {
      try {
        yield* api.watch(resource, query, signal);
      } catch (error) {
        throw explained(error, resource);
      }
    },
    podLogStream: async function* (key, options, signal) {
      try {
        yield* api.podLogStream(key, options, signal);
      } catch (error) {
        throw explained(error, pods);
      }
    },
  };
}

const always = (): boolean => true;
const wasTurnedAway = ({ code }: LongshoreError): boolean => code === "TooManyRequests";

async function repeated<R>(
  call: () => Promise<R>,
  {
    mayRepeat,
    signal,
  }: { readonly mayRepeat: (error: LongshoreError) => boolean; readonly signal: AbortSignal },
  { pause, random }: Patience,
  explained: (error: unknown) => unknown,
): Promise<R> {
  for (let count = 1; ; count++) {
    try {
      return await call();
    } catch (error) {
      signal.throwIfAborted();
      const asked = apiStatusOf(error)?.retryAfter ?? 0;
      if (count >= attempts || !isPassing(error) || asked > longestAsked || !mayRepeat(error))
        throw explained(error);
      await pause(Math.max(asked, waitAfter(count, backOff, random)), signal);
    }
  }
}

/** Whether it may be otherwise in a moment. A conflict is for those to solve who know what they read. */
export const isPassing = (error: unknown): error is LongshoreError =>
  error instanceof LongshoreError &&
  catalogue[error.code].retryable &&
  error.code !== "Conflict" &&
  error.code !== "WatchExpired";
