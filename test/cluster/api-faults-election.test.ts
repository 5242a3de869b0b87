/** Leaders of an election when the API server fails them: who can't renew stops in time, and nobody leads beside another. */
import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";
import { runElected } from "../../src/cluster/client/lease-elector.ts";
import { type OpenKubeApi, openKubeApi } from "../../src/cluster/client/open-kube-api.ts";
import { LongshoreError } from "../../src/domain/errors.ts";
import { missingProgram, until } from "../fixtures/run.ts";
import { type FaultApiServer, startFaultApiServer, statusOf } from "../servers/fault-api-server.ts";

const key = { namespace: "longshore-system", name: "operator" };
/** A machine may stand still for a second or two, which must end no term. */
const times = { lease: 15_000, renewDeadline: 5000, retry: 50 };
const clock = { now: () => performance.timeOrigin + performance.now() };

interface LeaseSpec {
  readonly holderIdentity: string;
  readonly renewTime: string;
  readonly leaseTransitions: number;
}

interface Candidate extends AsyncDisposable {
  readonly isLeading: boolean;
  /** When each term began and, as far as it has, ended. */
  readonly terms: readonly { readonly from: number; to?: number; reason?: unknown }[];
  readonly errors: readonly unknown[];
  readonly done: Promise<void>;
  cancel(): void;
}

describe("an election", { skip: missingProgram("openssl") }, () => {
  let server: FaultApiServer;
  let api: OpenKubeApi;
  before(async () => {
    server = await startFaultApiServer();
    api = openKubeApi({ kind: "kubeconfig", paths: [server.kubeconfig()] });
  });
  after(async () => {
    await api[Symbol.asyncDispose]();
    await server[Symbol.asyncDispose]();
  });
  beforeEach(() => {
    server.fault = () => undefined;
    server.remove("leases", key);
  });

  /** Leads until it has to stop, or as `work` says. */
  function candidate(identity: string, work: () => Promise<void> = () => new Promise(() => {})): Candidate {
    const controller = new AbortController();
    const terms: { from: number; to?: number; reason?: unknown }[] = [];
    const errors: unknown[] = [];
    const lead = async (signal: AbortSignal): Promise<void> => {
      const term: (typeof terms)[number] = { from: clock.now() };
      terms.push(term);
      const stopped = new Promise<never>((_, reject) => {
        signal.addEventListener("abort", () => reject(signal.reason), { once: true });
      });
      try {
        await Promise.race([work(), stopped]);
      } finally {
        term.to = clock.now();
        term.reason = signal.reason;
      }
    };
    const onError = (error: unknown): void => void errors.push(error);
    const options = { api, key, identity, clock, random: Math.random, onError, times };
    const done = runElected(options, lead, controller.signal);
    done.catch(() => {});
    return {
      get isLeading() {
        return terms.length > 0 && terms.at(-1)?.to === undefined;
      },
      terms,
      errors,
      done,
      cancel: () => controller.abort(new Error("enough")),
      [Symbol.asyncDispose]: async () => {
        controller.abort(new Error("enough"));
        await done.catch(() => {});
      },
    };
  }

  const spec = (): LeaseSpec | undefined => server.get("leases", key)?.["spec"] as LeaseSpec | undefined;
  const holder = (): unknown => spec()?.holderIdentity;
  const leads = (who: Candidate): Promise<void> => until("it leads", () => who.isLeading);
  const answer500 = { how: "status", code: 500, body: statusOf(500, "InternalError", "oh") } as const;

  test("one leads, another waits, and follows at once when the first gives it up", async () => {
    await using first = candidate("first");
    await leads(first);
    assert.equal(holder(), "first");
    await using second = candidate("second");
    const renewed = server.requests.length + 40;
    await until("both have asked often", () => server.requests.length > renewed);
    assert.equal(second.terms.length, 0);
    first.cancel();
    await first.done;
    const given = clock.now();
    await leads(second);
    assert.ok((second.terms[0]?.from ?? 0) - given < times.lease, "it did not wait for the Lease to run out");
    assert.ok((first.terms[0]?.to ?? 0) <= (second.terms[0]?.from ?? 0));
    assert.deepEqual([first.errors, second.errors], [[], []]);
    assert.equal(spec()?.leaseTransitions, 1);
    assert.match(spec()?.renewTime ?? "", /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);
    second.cancel();
    await second.done;
    assert.equal(holder(), "");
  });

  test("who can't renew stops before the Lease runs out, and stands again", async () => {
    await using only = candidate("only");
    await leads(only);
    server.fault = () => answer500;
    await until("it has stopped", () => !only.isLeading);
    const [term] = only.terms;
    const renewed = Date.parse(spec()?.renewTime ?? "");
    assert.ok((term?.to ?? 0) < renewed + times.lease);
    assert.ok(term?.reason instanceof LongshoreError && term.reason.code === "Interrupted");
    server.fault = () => undefined;
    await leads(only);
    assert.equal(only.terms.length, 2);
  });

  test("an API server that says nothing at all stops it as well", async () => {
    await using only = candidate("only");
    await leads(only);
    server.fault = () => ({ how: "silence" });
    await until("it has stopped", () => !only.isLeading);
    server.fault = () => undefined;
    await leads(only);
  });

  test("a short failure, and a renewal whose answer was lost, end no term", async () => {
    await using only = candidate("only");
    await leads(only);
    for (const fault of [answer500, { how: "lose" }, { how: "reset" }] as const) {
      let met = 0;
      server.fault = ({ method }) => (method === "PUT" && ++met <= 2 ? fault : undefined);
      await until("it has met that, and renewed after it", () => met > 4);
      server.fault = () => undefined;
    }
    assert.equal(only.terms.length, 1);
    assert.ok(only.isLeading);
  });

  test("of ten who begin together one leads, and while leaders die there is never more than one", async () => {
    const all = Array.from({ length: 10 }, (_, i) => candidate(`candidate-${i}`));
    for (let alive = all.length; alive > 4; alive--) {
      await until("one leads", () => all.some(({ isLeading }) => isLeading));
      const leading = all.filter(({ isLeading }) => isLeading);
      assert.equal(leading.length, 1);
      leading[0]?.cancel();
      await leading[0]?.done;
    }
    for (const one of all) await one[Symbol.asyncDispose]();
    const terms = all.flatMap((one) => one.terms).toSorted((a, b) => a.from - b.from);
    for (const [index, term] of terms.entries())
      assert.ok(index === 0 || (terms[index - 1]?.to ?? Infinity) <= term.from, `term ${index}`);
  });

  test("a leader whose Lease another took stops", async () => {
    await using only = candidate("only");
    await leads(only);
    const now = new Date().toISOString().replace("Z", "000Z");
    const stolen = { holderIdentity: "thief", leaseDurationSeconds: 3600, acquireTime: now, renewTime: now };
    server.put("leases", key, { spec: stolen });
    await until("it has stopped", () => !only.isLeading);
    assert.equal(holder(), "thief");
    only.cancel();
    await only.done;
    assert.equal(holder(), "thief", "nobody gives up another's");
  });

  test("one that died is followed when its Lease has run out by the watcher's own clock", async () => {
    // Its own times are nonsense: only that it does not change counts.
    const dead = {
      holderIdentity: "dead",
      leaseDurationSeconds: 1,
      acquireTime: "2001-01-01T00:00:00.000000Z",
      renewTime: "2099-01-01T00:00:00.000000Z",
    };
    server.put("leases", key, { spec: dead });
    const begun = clock.now();
    await using next = candidate("next");
    await leads(next);
    assert.ok((next.terms[0]?.from ?? 0) - begun >= 1000);
    assert.equal(spec()?.leaseTransitions, 1);
  });

  const ends: Record<string, () => Promise<void>> = {
    "comes to its end": async () => {},
    throws: () => Promise.reject(new Error("oh")),
  };
  for (const [name, work] of Object.entries(ends))
    test(`where the work ${name}, the election does, and gives the Lease up`, async () => {
      await using only = candidate("only", work);
      if (name === "throws") await assert.rejects(only.done, { message: "oh" });
      else await only.done;
      assert.equal(only.terms.length, 1);
      assert.equal(holder(), "");
    });

  test("one that is cancelled before it leads ends, and leaves the Lease as it is", async () => {
    const held = { holderIdentity: "other", leaseDurationSeconds: 3600 };
    const version = server.put("leases", key, { spec: held });
    await using only = candidate("only");
    const asked = server.requests.length + 3;
    await until("it has asked", () => server.requests.length > asked);
    only.cancel();
    await only.done;
    assert.equal(server.get("leases", key)?.metadata["resourceVersion"], `${version}`);
  });
});
