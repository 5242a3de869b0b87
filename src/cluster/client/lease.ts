/** One Lease as candidates of an election read and write it (coordination.k8s.io/v1). */
import { LongshoreError } from "../../domain/errors.ts";
import type { Clock } from "../../domain/ports/clock.ts";
import type { KubeApi, KubeKey, KubeObject, KubeResource } from "../kube-api.ts";
import { microTime } from "./micro-time.ts";

interface Lease extends KubeObject {
  readonly spec?: {
    readonly holderIdentity?: string;
    readonly leaseDurationSeconds?: number;
    readonly acquireTime?: string;
    readonly renewTime?: string;
    readonly leaseTransitions?: number;
  };
}

export interface LeaseOptions {
  readonly api: KubeApi;
  readonly key: KubeKey & { readonly namespace: string };
  /** Unique among all candidates that ever were. */
  readonly identity: string;
  /** Never set back, as a monotonic clock that began at the time of day. */
  readonly clock: Clock;
  /** Milliseconds that the Lease holds after it was renewed; whole seconds. */
  readonly duration: number;
}

export interface LeaseHandle {
  /**
   * Takes it if nobody holds it, or renews it. Resolves with the time from which it holds, or with undefined while it
   * is another's.
   */
  hold(signal: AbortSignal): Promise<number | undefined>;
  /** Gives it up if it is ours, so that others need not wait until it has run out. */
  release(signal: AbortSignal): Promise<void>;
}

export const leases: KubeResource = {
  group: "coordination.k8s.io",
  version: "v1",
  plural: "leases",
  kind: "Lease",
  namespaced: true,
};

/**
 * Another's Lease has run out when it was not seen to change for as long as it says: by our own clock alone, as no two
 * machines have the same time.
 */
export function openLease({ api, key, identity, clock, duration }: LeaseOptions): LeaseHandle {
  let seen: { readonly lease: Lease; readonly at: number } | undefined;
  return { hold, release };

  async function hold(signal: AbortSignal): Promise<number | undefined> {
    const ours = seen?.lease.spec?.holderIdentity === identity ? seen.lease : undefined;
    // Who holds it need not read it: a change by another makes the writing fail.
    const lease = ours ?? (await read(signal));
    if (lease === undefined) return write(undefined, signal);
    const holder = lease.spec?.holderIdentity ?? "";
    if (holder !== "" && holder !== identity && !hasRunOut(lease)) return undefined;
    return write(lease, signal);
  }

  async function read(signal: AbortSignal): Promise<Lease | undefined> {
    const lease = await api.get<Lease>(leases, key, signal);
    if (lease === undefined) seen = undefined;
    else if (lease.metadata.resourceVersion !== seen?.lease.metadata.resourceVersion)
      seen = { lease, at: clock.now() };
    return lease;
  }

  function hasRunOut({ spec }: Lease): boolean {
    return (
      seen !== undefined && clock.now() >= seen.at + (spec?.leaseDurationSeconds ?? duration / 1000) * 1000
    );
  }

  /** Holds from before it was asked for: others count from later. */
  async function write(before: Lease | undefined, signal: AbortSignal): Promise<number | undefined> {
    const from = clock.now();
    const written = await unlessOutrun(put(before, held(before, microTime(from)), signal));
    // Read again next time: it may even have been us, in a writing whose answer was lost.
    if (written === undefined) seen = undefined;
    else seen = { lease: written, at: from };
    return written === undefined ? undefined : from;
  }

  function held(before: Lease | undefined, now: string): Lease["spec"] {
    const { holderIdentity, acquireTime = now, leaseTransitions = 0 } = before?.spec ?? {};
    const isOurs = holderIdentity === identity;
    return {
      holderIdentity: identity,
      leaseDurationSeconds: duration / 1000,
      acquireTime: isOurs ? acquireTime : now,
      renewTime: now,
      leaseTransitions: before === undefined || isOurs ? leaseTransitions : leaseTransitions + 1,
    };
  }

  async function release(signal: AbortSignal): Promise<void> {
    const lease = await read(signal);
    if (lease?.spec?.holderIdentity !== identity) return;
    const now = microTime(clock.now());
    const { leaseTransitions = 0 } = lease.spec;
    const spec = {
      holderIdentity: "",
      leaseDurationSeconds: 1,
      acquireTime: now,
      renewTime: now,
      leaseTransitions,
    };
    await unlessOutrun(put(lease, spec, signal));
    seen = undefined;
  }

  function put(before: Lease | undefined, spec: Lease["spec"], signal: AbortSignal): Promise<Lease> {
    const metadata = before?.metadata ?? key;
    const lease: Lease = {
      apiVersion: "coordination.k8s.io/v1",
      kind: "Lease",
      metadata,
      ...(spec === undefined ? {} : { spec }),
    };
    return before === undefined
      ? api.create(leases, lease, {}, signal)
      : api.replace(leases, lease, {}, signal);
  }
}

/** Undefined where another one was faster. */
async function unlessOutrun(writing: Promise<Lease>): Promise<Lease | undefined> {
  try {
    return await writing;
  } catch (error) {
    const { code } = error instanceof LongshoreError ? error : {};
    if (code === "Conflict" || code === "AlreadyExists" || code === "ResourceNotFound") return undefined;
    throw error;
  }
}
