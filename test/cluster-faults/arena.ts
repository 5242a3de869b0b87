/** Exports of one source in a cluster whose parts are killed, and the proof that each ended right. */
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { pause } from "../../src/cluster/client/pause.ts";
import type { KubeApi, KubeObject } from "../../src/cluster/kube-api.ts";
import type { Pod } from "../../src/cluster/jobs/objects.ts";
import { openTestCluster, type TestCluster } from "../cluster/cluster.ts";
import { installDefinitions } from "../cluster/crds.ts";
import { exportBecomes, exports as exportKind, statusOf } from "../cluster/exports.ts";
import { testImage } from "../cluster/image.ts";
import { testVolumes } from "../cluster/volumes.ts";
import { mixedBytes } from "../fixtures/mixed-bytes.ts";
import { expectExit, run, temporaryFolder } from "../fixtures/run.ts";
import { type Operators, operatorsOf } from "./operators.ts";
import { patientApi } from "./patient-api.ts";
import { bucketPlace, claimPlace, type Place } from "./places.ts";
import { bringBack } from "./victim.ts";
import { expectNoTwins, expectRest, watchWork, type WatchedWork } from "./watched-work.ts";

export const kinds = ["Sequential", "Indexed", "Indexed to S3"] as const;
export type Kind = (typeof kinds)[number];

const mebibyte = 2 ** 20;
const partSize = 8 * mebibyte;
/** A part is at most two part sizes, and a little for headers. */
export const largestPart = 2 * partSize + mebibyte;
/** Of each pod, which has as many as the machine has processors, and twice as many where they send. */
const threadsOf = (kind: Kind): number =>
  Math.min((kind === "Indexed to S3" ? 2 : 1) * availableParallelism(), 16);

export interface Begun {
  readonly kind: Kind;
  readonly name: string;
  readonly uid: string;
  /** Milliseconds of the monotonic clock. */
  readonly began: number;
}

/** What an export was when nobody killed anything. */
export interface Undisturbed {
  readonly seconds: number;
  readonly parts: number;
  readonly content: unknown;
}

export interface Ended {
  readonly seconds: number;
  /** Bytes of content. */
  readonly redone: number;
  /** Attempts of the operator's that failed. */
  readonly failures: number;
}

export interface Arena extends AsyncDisposable {
  readonly cluster: TestCluster;
  readonly api: KubeApi;
  readonly namespace: string;
  readonly work: WatchedWork;
  operators(): Operators;
  begin(kind: Kind, over?: object): Promise<Begun>;
  /** Resolves when so large a share of its parts is safe, and with the pods that work at it then. */
  middle(begun: Begun, share: number): Promise<readonly Pod[]>;
  /** Waits for its end, and proves that it is right where so many of its pods were hit at the most. */
  expectRight(begun: Begun, podsHit: () => number): Promise<Ended>;
  /** Deletes it, and proves that nothing of it is left. */
  expectGone(begun: Begun): Promise<void>;
  undisturbed(kind: Kind): Undisturbed;
}

const { signal } = new AbortController();
/** Milliseconds until an export has ended, whatever befalls it. */
const patience = 1_200_000;

/** With an undisturbed export of each kind. */
export async function openArena(prefix: string): Promise<Arena> {
  await using opening = new AsyncDisposableStack();
  await bringBack();
  const cluster = opening.use(await openTestCluster());
  const image = await testImage();
  const api = patientApi(cluster.api);
  await installDefinitions(api, signal);
  const labels = { "pod-security.kubernetes.io/enforce": "restricted" };
  const { name: namespace } = opening.use(await cluster.namespace(prefix, labels));
  const volumes = opening.use(testVolumes(cluster, namespace));
  const source = await volumes.add("source");
  fill(source);
  const claim = claimPlace(namespace, "out", await volumes.add("out"));
  const bucket = opening.use(await bucketPlace(api, namespace));
  const work = opening.use(watchWork(cluster.api, namespace));
  const places: Readonly<Record<Kind, Place>> = {
    Sequential: claim,
    Indexed: claim,
    "Indexed to S3": bucket,
  };
  const known = new Map<Kind, Undisturbed>();
  let number = 0;
  const arena = {
    cluster,
    api,
    namespace,
    work,
    operators,
    begin,
    middle,
    expectRight,
    expectGone,
    undisturbed,
  };
  {
    await using operating = operators();
    await operating.start();
    for (const kind of kinds) known.set(kind, await calm(kind));
  }
  assert.deepEqual(undisturbed("Indexed").content, undisturbed("Sequential").content);
  // Whatever was killed last has to be there again, so that what is left can be removed.
  opening.defer(() => bringBack());
  const opened = opening.move();
  return { ...arena, [Symbol.asyncDispose]: () => opened[Symbol.asyncDispose]() };

  function operators(): Operators {
    return operatorsOf(cluster, { image, namespace });
  }

  async function begin(kind: Kind, over: object = {}): Promise<Begun> {
    const name = `x-${number++}`;
    const spec = {
      source: { volume: { claimName: "source" } },
      destination: places[kind].destination,
      partSize: `${partSize / mebibyte}Mi`,
      compressionLevel: 15,
      workers: kind === "Sequential" ? {} : { mode: "Indexed", count: 4 },
      // What is killed again and again is no fault of the export's.
      backoffLimit: 100,
      ...over,
    };
    const document: KubeObject & { readonly spec: object } = {
      apiVersion: "longshore.dev/v1alpha1",
      kind: "Export",
      metadata: { name, namespace },
      spec,
    };
    const began = performance.now();
    const { metadata } = await api.create(exportKind, document, {}, signal);
    return { kind, name, uid: metadata.uid ?? "", began };
  }

  async function ended({ name, began, kind }: Begun): Promise<Ended> {
    const isEnded = (now: Parameters<typeof statusOf>[0]): boolean =>
      now !== undefined && statusOf(now) !== "Unknown";
    const found = await exportBecomes(api, { namespace, name }, isEnded, patience);
    const seconds = (performance.now() - began) / 1000;
    assert.equal(statusOf(found), "True", JSON.stringify(found?.status));
    const { bytes, failures = 0 } = found?.status ?? {};
    const redone = await places[kind].redone(name);
    assert.equal(bytes?.redone, redone, "the status says what the manifest does");
    return { seconds, redone, failures };
  }

  async function calm(kind: Kind): Promise<Undisturbed> {
    const begun = await begin(kind);
    const { seconds, redone } = await ended(begun);
    assert.equal(redone, 0);
    const place = places[kind];
    await place.expectVerified(begun.name);
    await using target = temporaryFolder();
    await place.extract(begun.name, target.join("x"));
    expectExit(await run("diff", ["-r", source, target.join("x")]), 0);
    const parts = (await exportBecomes(api, { namespace, name: begun.name }, () => true))?.status?.parts;
    const content = await place.content(begun.name);
    await expectGone(begun);
    return { seconds, content, parts: parts?.total ?? assert.fail() };
  }

  async function middle(begun: Begun, share: number): Promise<readonly Pod[]> {
    const wanted = Math.floor(share * undisturbed(begun.kind).parts);
    const place = places[begun.kind];
    // Nobody tells when a receipt comes to lie there.
    for (const deadline = performance.now() + patience; (await place.receipts(begun.name)) < wanted;) {
      assert.ok(performance.now() < deadline, `${begun.name} does not get on`);
      await pause(50, signal);
    }
    await work.until("a worker runs", () => work.workersOf(begun.uid).length > 0);
    return work.workersOf(begun.uid);
  }

  async function expectRight(begun: Begun, podsHit: () => number): Promise<Ended> {
    const result = await ended(begun);
    const { name, kind, uid } = begun;
    const most = podsHit() * threadsOf(begun.kind) * largestPart;
    assert.ok(result.redone <= most, `${result.redone} bytes were done again, at most ${most} may`);
    const place = places[kind];
    await place.expectVerified(name);
    assert.deepEqual(await place.content(name), undisturbed(kind).content);
    assert.deepEqual(await place.leftOvers(name), []);
    expectNoTwins(work, uid);
    await expectRest(work, uid);
    return result;
  }

  async function expectGone({ kind, name, uid }: Begun): Promise<void> {
    await api.delete(exportKind, { namespace, name }, {}, signal);
    await exportBecomes(api, { namespace, name }, (now) => now === undefined, patience);
    assert.ok(await places[kind].isGone(name), `data of ${name} is left`);
    const isGone = (): boolean => work.jobsOf(uid).length + work.podsOf(uid).length === 0;
    await work.until(`Jobs and pods of ${name} are gone`, isGone);
    expectNoTwins(work, uid);
  }

  function undisturbed(kind: Kind): Undisturbed {
    return known.get(kind) ?? assert.fail(`there was no undisturbed export, ${kind}`);
  }
}

/** Some thousand small files and a few large ones that are split. */
function fill(folder: string): void {
  for (let i = 0; i < 30; i++) {
    mkdirSync(join(folder, `${i}`));
    for (let j = 0; j < 100; j++)
      writeFileSync(join(folder, `${i}`, `${j}`), mixedBytes((i * 100 + j) * 6, `${i}.${j}`));
  }
  for (const size of [90, 70, 50, 30])
    writeFileSync(join(folder, `large ${size}`), mixedBytes(size * mebibyte, `${size}`));
}

/** A row of the table in docs/reliability.md. */
export function row(
  what: string,
  { kind }: Begun,
  times: number,
  figures: Ended & { readonly calm: number },
): string {
  const { redone, seconds, calm, failures } = figures;
  const again = redone === 0 ? "nothing" : `${(redone / mebibyte).toFixed(1)} MiB`;
  const attempts = failures === 0 ? "" : `, attempts: ${failures + 1}`;
  return `| ${what} | ${kind} | ${times} | ${again} | ${Math.round(seconds)} s (${Math.round(calm)} s)${attempts} | nothing |`;
}
