/**
 * Leader election by a Lease, with the times and rules of client-go's leaderelection: who leads renews every two seconds,
 * stops leading when it could not for ten, and another may lead when it did not for fifteen.
 */
import { LongshoreError } from "../../domain/errors.ts";
import { type LeaseOptions, openLease } from "./lease.ts";
import { pause as usualPause, type Pause } from "./pause.ts";

export interface ElectionTimes {
  /** Milliseconds that a Lease holds; whole seconds. */
  readonly lease: number;
  /** Milliseconds after which a leader stops that could not renew it: so much before `lease` that its work has ended by then. */
  readonly renewDeadline: number;
  /** Milliseconds between two tries. */
  readonly retry: number;
}

export interface ElectionOptions extends Omit<LeaseOptions, "duration"> {
  /** From 0 to 1, at random. */
  readonly random: () => number;
  /** Told of tries that failed, and of a lost Lease. */
  readonly onError: (error: unknown, about: string) => void;
  readonly pause?: Pause;
  readonly times?: ElectionTimes;
}

const usualTimes: ElectionTimes = { lease: 15_000, renewDeadline: 10_000, retry: 2_000 };
/** Candidates wait up to so much longer, as a share, so that they do not ask all at once. */
const jitter = 1.2;

/**
 * Runs `lead` whenever this process is the leader, its signal aborting when it is that no more. Where the Lease is lost
 * it stands for election again; where `lead` ends by itself, so does this, as `lead` did. Resolves when cancelled. Gives
 * the Lease up at the end, after `lead` has ended.
 */
export async function runElected(
  options: ElectionOptions,
  lead: (signal: AbortSignal) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const { key, clock, random, onError, pause = usualPause, times = usualTimes } = options;
  const lease = openLease({ ...options, duration: times.lease });
  const name = `the Lease ${key.namespace}/${key.name}`;
  try {
    for (let isOver = false; !isOver;) isOver = await serve(await elected());
  } catch (error) {
    if (!signal.aborted) throw error;
    if (error !== signal.reason) onError(error, name);
  } finally {
    await release();
  }

  /** The time from which it is ours. */
  async function elected(): Promise<number> {
    for (;;) {
      const since = await tried(signal);
      if (since !== undefined) return since;
      await pause(times.retry * (1 + jitter * random()), signal);
    }
  }

  /** One term; resolves with whether `lead` ended by itself. */
  async function serve(since: number): Promise<boolean> {
    const office = new AbortController();
    const leading = AbortSignal.any([signal, office.signal]);
    const keeping = keep(since, office, leading);
    let isLost = false;
    try {
      await lead(leading);
    } catch (error) {
      if (!office.signal.aborted) throw error;
      if (error !== office.signal.reason) onError(error, name);
    } finally {
      isLost = office.signal.aborted;
      office.abort(new Error("the term is over"));
      await keeping;
    }
    return !isLost;
  }

  /** Renews until the term ends, and ends it where that fails for too long. */
  async function keep(since: number, office: AbortController, leading: AbortSignal): Promise<void> {
    let renewed = since;
    const remaining = (): number => renewed + times.renewDeadline - clock.now();
    const renewals = async (): Promise<void> => {
      for (;;) {
        await pause(times.retry, leading);
        renewed = (await tried(leading)) ?? renewed;
      }
    };
    const deadline = async (): Promise<void> => {
      for (let left = remaining(); left > 0; left = remaining()) await pause(left, leading);
      const lost = lostLease(`${name} could not be renewed for ${times.renewDeadline / 1000} s`);
      office.abort(lost);
      onError(lost, name);
    };
    await Promise.all([untilOver(renewals(), leading), untilOver(deadline(), leading)]);
  }

  /** Undefined where it is another's, or can't be had now. */
  async function tried(until: AbortSignal): Promise<number | undefined> {
    try {
      // A try that hangs must not use up the time of the next.
      const inTime = AbortSignal.any([until, AbortSignal.timeout(times.renewDeadline / 2)]);
      const since = await lease.hold(inTime);
      until.throwIfAborted();
      return since;
    } catch (error) {
      until.throwIfAborted();
      onError(error, name);
      return undefined;
    }
  }

  async function release(): Promise<void> {
    try {
      // Worth as much time as to hold it: where it fails nobody leads until it runs out.
      await lease.release(AbortSignal.timeout(times.renewDeadline / 2));
    } catch (error) {
      onError(error, name);
    }
  }
}

const lostLease = (message: string): LongshoreError =>
  new LongshoreError("Interrupted", message, { hint: "it stands for election again" });

/** What ends because the term is over has ended well. */
async function untilOver(work: Promise<void>, over: AbortSignal): Promise<void> {
  try {
    await work;
  } catch (error) {
    if (!over.aborted) throw error;
  }
}
