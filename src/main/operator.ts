/** The operator: controllers over a cluster's API server, with Jobs as runner; of several operators one leads. */
import { randomUUID } from "node:crypto";
import type { OperatorOptions } from "../cli/commands/operator.ts";
import { clusterAccess } from "../cluster/client/choose-cluster.ts";
import type { ClusterAccess } from "../cluster/client/cluster-access.ts";
import { runElected } from "../cluster/client/lease-elector.ts";
import { type OpenKubeApi, openKubeApi } from "../cluster/client/open-kube-api.ts";
import { eventRecorder, recordInBackground } from "../cluster/client/event-recorder.ts";
import { startKubeJobRunner } from "../cluster/jobs/kube-job-runner.ts";
import { runningExports } from "../cluster/jobs/running-exports.ts";
import { clusterPlaces } from "../cluster/places/cluster-places.ts";
import { cachedExportStore } from "../cluster/store/cached-export-store.ts";
import { watchingNamespaces } from "../cluster/store/watched-namespaces.ts";
import { runControllers } from "../controllers/run-controllers.ts";
import type { Environment } from "../domain/environment.ts";
import { LongshoreError } from "../domain/errors.ts";
import { errorFields, type Log } from "./log.ts";
import { openReports, type OperatorReports } from "./operator-reports.ts";
import { operatorMetrics } from "./operator-metrics.ts";
import { startOperatorServer } from "./operator-server.ts";

export interface OperatorHome {
  readonly environment: Environment;
  /** Who this is among several operators; no two have the same. */
  readonly identity: string;
  readonly log: Log;
}

/** Exports that are looked at at the same time: most of that is waiting for the API server, and for pods that end. */
const parallel = 32;
const leaseName = "longshore-operator";

/** Milliseconds between two statuses of an export that tell of its progress alone. */
const progressInterval = 10_000;

/** For the Lease: the time of day may be set back meanwhile. */
const steadyClock = { now: () => performance.timeOrigin + performance.now() };

/** Runs until the signal. Throws InvalidArgument where no cluster is named, ListenFailed. */
export async function operate(
  options: OperatorOptions,
  home: OperatorHome,
  signal: AbortSignal,
): Promise<void> {
  await using closing = new AsyncDisposableStack();
  const { log, identity } = home;
  const metrics = operatorMetrics();
  const api = closing.use(openKubeApi(accessOf(options, home)));
  const namespace = options.namespace ?? home.environment["POD_NAMESPACE"] ?? api.namespace ?? "default";
  const onError = (error: unknown, about: string): void => {
    metrics.errors.inc({ about: kindOf(about) });
    log("the operator goes on after an error", { about, ...errorFields(error) });
  };
  const { registry } = metrics;
  const isReady = (): boolean => !signal.aborted;
  const server = closing.use(await startOperatorServer(options.listen, { registry, isReady, onError }));
  const reports = closing.use(await openReports(options, { api, metrics, onError }, signal));
  const { address: listen } = server;
  log("the operator begins", { server: api.server, listen, reports: reports.url, identity });
  await runElected(
    {
      api,
      key: { namespace, name: leaseName },
      identity,
      clock: steadyClock,
      random: Math.random,
      onError,
    },
    async (leading) => {
      log("the operator leads");
      metrics.leading.set(1);
      try {
        await lead(api, options, { onError, reports, identity }, leading);
      } finally {
        metrics.leading.set(0);
        log("the operator does not lead any more");
      }
    },
    signal,
  );
}

interface Telling {
  readonly onError: (error: unknown, about: string) => void;
  readonly reports: OperatorReports;
  readonly identity: string;
}

async function lead(
  api: OpenKubeApi,
  options: OperatorOptions,
  { onError, reports, identity }: Telling,
  signal: AbortSignal,
): Promise<void> {
  const common = { api, clock: Date, random: Math.random, onError };
  const { image, imagePullPolicy, watch, maxRunning, maxRunningPerNamespace } = options;
  const cached = cachedExportStore(common);
  const store = watchingNamespaces(cached, watch);
  const record = eventRecorder({
    ...common,
    newId: () => randomUUID().slice(0, 13),
    controller: "longshore.dev/operator",
    instance: identity,
  });
  const settings = { image, imagePullPolicy, reportUrl: reports.url };
  await using runner = await startKubeJobRunner(
    { ...common, store, settings, record, namespaces: watch, namespaceOf: cached.namespaceOf },
    signal,
  );
  using _taken = reports.takeBy(runner.reports);
  const running = await runningExports(api, watch, signal);
  await runControllers(
    {
      store,
      runner,
      places: clusterPlaces,
      limits: { maxRunning, maxRunningPerNamespace, running },
      clock: Date,
      parallel,
      random: Math.random,
      progressInterval,
      tell: recordInBackground(record, signal),
      onError,
    },
    signal,
  );
}

/** A label must not have the names of exports. */
const kindOf = (about: string): string =>
  /^[A-Za-z ]+/.exec(about)?.[0].trim().split(" ").slice(0, 4).join(" ") ?? "";

/** Throws InvalidArgument. The kubeconfig of whoever's home this is does not count: an operator is told what it looks after. */
function accessOf(options: OperatorOptions, { environment }: OperatorHome): ClusterAccess {
  const access = clusterAccess(options, environment);
  if (access !== undefined) return access;
  throw new LongshoreError("InvalidArgument", "the operator is told of no cluster", {
    hint: "give --kubeconfig, set KUBECONFIG, or run it as a pod",
  });
}
