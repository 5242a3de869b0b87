/** The embedded server: puts stores, controllers, runner and gateway of one machine together, and takes them down again. */
import { randomUUID } from "node:crypto";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import type { FastifyInstance } from "fastify";
import type { ListenAddress, ServeOptions } from "../cli/serve-options.ts";
import { runControllers } from "../controllers/run-controllers.ts";
import { LongshoreError } from "../domain/errors.ts";
import { displayedBucket, parseBucketLocation } from "../domain/location.ts";
import type { Drivers } from "../domain/ports/drivers.ts";
import type { CheckPlace } from "../domain/ports/places.ts";
import { refuseClusterMembers } from "../domain/resources/cluster-members.ts";
import { createGateway } from "../gateway/create-gateway.ts";
import { defaultLimits, type GatewayDependencies } from "../gateway/dependencies.ts";
import { createGatewayState } from "../gateway/state.ts";
import { agentOptions } from "../drivers/connections/agent-options.ts";
import { createPlaceCheck } from "../local/check-place.ts";
import { startLocalJobRunner } from "../local/jobs/local-job-runner.ts";
import { localPlaces } from "../local/places.ts";
import { type AdminToken, ensureAdminToken } from "../local/store/admin-token.ts";
import { openDatabase } from "../local/store/open-database.ts";
import { sqliteAuditLog } from "../local/store/sqlite-audit-log.ts";
import { sqliteExportStore } from "../local/store/sqlite-export-store.ts";
import { sqliteGrantKeys } from "../local/store/sqlite-grant-keys.ts";
import { openSqliteGrantUsage } from "../local/store/sqlite-grant-usage.ts";
import { sqliteIdempotency } from "../local/store/sqlite-idempotency.ts";
import { sqliteTokenStore } from "../local/store/sqlite-token-store.ts";
import { listenFailed } from "./listening-server.ts";
import { errorFields, jsonLog, type Log } from "./log.ts";
import { asSetUp } from "./reaching-drivers.ts";
import { readSignKey } from "./sign-key.ts";
import { collectMetering } from "./store-metering.ts";

export interface ServeHome {
  readonly drivers: Drivers;
  readonly version: string;
  readonly temporaryFolder: string;
  readonly say: (text: string) => Promise<void>;
  readonly complain: (text: string) => void;
}

/** Serves until the signal, then ends in order. Throws what keeps it from starting, ListenFailed among others. */
export async function serve(options: ServeOptions, home: ServeHome, signal: AbortSignal): Promise<void> {
  // A key that is none should not be found out by the first export.
  if (options.signKeyFile !== undefined) readSignKey(options.signKeyFile);
  await checkBuckets(options.allow, home.drivers);
  await using closing = new AsyncDisposableStack();
  const log = jsonLog(home.complain, Date.now);
  const clock = Date;
  const database = closing.use(openDatabase(options.data));
  const store = sqliteExportStore(database, { newId: randomUUID, clock });
  const tokens = sqliteTokenStore(database, clock);
  const places = localPlaces({ allow: options.allow, dataFolder: options.data });
  const checkPlace = createPlaceCheck({
    openDestination: (reached) => asSetUp("the bucket", () => home.drivers.openDestination(reached)),
    connections: (caBundle) => agentOptions({ caBundle }, process.env),
  });
  const runner = closing.use(
    await startLocalJobRunner({
      program: new URL("export-job.ts", import.meta.url),
      jobs: options.jobs,
      workers: options.workers,
      sendingWorkers: options.sendingWorkers,
      bytesPerSecond: options.bytesPerSecond,
      scratch: join(options.data, "scratch"),
      signKeyFile: options.signKeyFile,
      onNotice: (exportUid, message) => log(message, { exportUid }),
      onError: (error, about) => log("a job failed", { about, ...errorFields(error) }),
    }),
  );
  const urls = { api: "", downloads: "" };
  const dependencies: GatewayDependencies = {
    store,
    audit: sqliteAuditLog(database, clock),
    identity: tokens,
    tokens,
    grantKeys: sqliteGrantKeys(database, { clock }),
    grantUsage: closing.use(openSqliteGrantUsage(database, clock)),
    idempotency: sqliteIdempotency(database, { newId: randomUUID, clock }),
    places,
    admit: refuseClusterMembers,
    drivers: home.drivers,
    clock,
    version: home.version,
    publicUrl: () => urls.api,
    downloadsUrl: () => urls.downloads,
    isReady: () => !signal.aborted,
    newId: () => randomUUID().replaceAll("-", "").slice(0, 16),
    onError: (error, where) => log("a request failed", { where, ...errorFields(error) }),
    meterStores: (meter) => void closing.use(collectMetering(meter)),
  };

  const stopped = new AbortController();
  const controllers = runControllers(
    {
      store,
      runner,
      places,
      checkPlace,
      clock,
      parallel: 4,
      random: Math.random,
      onGrantGone: (uid) => dependencies.grantUsage.forget(uid),
      onError: (error, about) => log("a reconcile failed", { about, ...errorFields(error) }),
    },
    stopped.signal,
  );
  closing.defer(async () => {
    stopped.abort();
    await controllers;
  });

  const gateways = createGateways(dependencies, options.downloadsListen !== undefined);
  for (const gateway of gateways) closing.defer(() => gateway.close());
  const addresses = [
    { address: options.listen, option: "--listen" },
    { address: options.downloadsListen ?? options.listen, option: "--downloads-listen" },
  ] as const;
  const [api = "", downloads = api] = await Promise.all(
    gateways.map((gateway, i) => listen(gateway, addresses[i] ?? addresses[0])),
  );
  urls.api = options.publicUrl ?? api;
  urls.downloads = options.downloadsUrl ?? (gateways.length === 1 ? urls.api : downloads);

  // Last: its link is shown once, and a start that fails shows nothing.
  const admin = ensureAdminToken(database, clock);
  await home.say(greeting(urls.api, admin, options.allow));
  const asking = new AbortController();
  const asked = tellUnfit({ allow: options.allow, checkPlace, log }, asking.signal);
  closing.defer(async () => {
    asking.abort();
    await asked;
  });
  await Promise.race([ended(signal), controllers]);
}

/** What is wrong with how a bucket is reached, such as a file that can't be read, is said at once. Nothing is asked. */
async function checkBuckets(allow: readonly string[], drivers: Drivers): Promise<void> {
  for (const location of allow)
    if (parseBucketLocation(location) !== undefined) await drivers.openDestination(location);
}

interface AllowedBuckets {
  readonly allow: readonly string[];
  readonly checkPlace: CheckPlace;
  readonly log: Log;
}

/**
 * Asks each allowed bucket what an ExportDestination would ask it, for those exports that name their bucket themselves. It is
 * told and keeps nobody from anything: the store may be back before an export needs it.
 */
async function tellUnfit({ allow, checkPlace, log }: AllowedBuckets, signal: AbortSignal): Promise<void> {
  for (const location of allow) {
    const bucket = parseBucketLocation(location);
    if (bucket === undefined) continue;
    try {
      await checkPlace(location, signal);
    } catch (error) {
      if (signal.aborted) return;
      log("an allowed bucket is not fit for exports", {
        bucket: displayedBucket(bucket),
        ...errorFields(error),
        ...(error instanceof LongshoreError ? { hint: error.hint } : {}),
      });
    }
  }
}

/** One for everything, or API and downloads on ports of their own. */
function createGateways(dependencies: GatewayDependencies, apart: boolean): FastifyInstance[] {
  if (!apart) return [createGateway(dependencies)];
  const state = createGatewayState(dependencies, defaultLimits);
  return (["api", "downloads"] as const).map((serves) => createGateway(dependencies, { serves, state }));
}

interface Listening {
  readonly address: ListenAddress;
  readonly option: string;
}

/** Begins to listen; says the URL. */
async function listen(gateway: FastifyInstance, { address, option }: Listening): Promise<string> {
  const { host, port } = address;
  try {
    await gateway.listen({ host, port });
  } catch (cause) {
    throw listenFailed("the server", address, option, cause);
  }
  const taken = gateway.server.address() as AddressInfo;
  return `http://${host.includes(":") ? `[${host}]` : host}:${taken.port}`;
}

function greeting(url: string, admin: AdminToken, allow: readonly string[]): string {
  const link = admin.isNew
    ? `${url}/#token=${admin.secret}\nThe token in this link has every right and is shown this once; it stands in ${admin.file}.`
    : `${url}/\nThe admin token stands in ${admin.file}.`;
  const places =
    allow.length === 0
      ? "No --allow was given, so nothing can be exported."
      : `Exports may read and write ${allow.join(", ")}.`;
  return `Longshore serves at ${link}\n${places}\n`;
}

async function ended(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
}
