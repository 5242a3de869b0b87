/** OpenStack Swift with its S3 API: the one S3 server from Debian's packages that checks signatures and does real multipart. */
import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { freePorts } from "../fixtures/free-ports.ts";
import { missingProgram } from "../fixtures/run.ts";
import { serverFolder, startGuarded, untilReady } from "./guarded-processes.ts";

export interface S3Server extends AsyncDisposable {
  /** `http://127.0.0.1:port` */
  readonly endpoint: string;
  readonly region: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** What a program needs in its environment to use it. */
  readonly env: Readonly<Record<string, string>>;
  /** Of its processes; their workers are children of those. */
  readonly pids: readonly number[];
  /** Of somebody who may read a bucket of the others, and no more. */
  readonly readerEnv: Readonly<Record<string, string>>;
  /** Makes a bucket of this name, by the server's own means. */
  createBucket(name: string): Promise<void>;
}

const programs = [
  "swift-proxy-server",
  "swift-account-server",
  "swift-container-server",
  "swift-object-server",
  "memcached",
];

/** Why there is no Swift to test against, or false: `test("…", { skip: missingSwift() }, …)`. */
export function missingSwift(): string | false {
  for (const program of programs) {
    const reason = missingProgram(program);
    if (reason !== false)
      return `${reason} (Debian: swift-proxy swift-account swift-container swift-object memcached)`;
  }
  return false;
}

const region = "us-east-1";
const account = "test";
const user = "tester";
const secretAccessKey = "testing";
const reader = "reader";
const readerSecret = "reading";

interface Ports {
  readonly proxy: number;
  readonly account: number;
  readonly container: number;
  readonly object: number;
  readonly memcached: number;
}

export interface SwiftOptions {
  /** Processes of each of its servers beside the first; none is enough for tests. */
  readonly workers?: number;
  /** Where its own folder is made; the system's temporary one where nothing is said. */
  readonly parent?: string;
}

/** Resolves when it answers. Everything it has lies in a temporary folder that goes with it. */
export async function startSwift({ workers = 0, parent }: SwiftOptions = {}): Promise<S3Server> {
  const [proxy = 0, accountPort = 0, container = 0, object = 0, memcached = 0] = await freePorts(5);
  const ports: Ports = { proxy, account: accountPort, container, object, memcached };
  const folder = serverFolder(parent);
  writeConfiguration(folder, ports, workers);
  makeRings(folder, ports);
  const storage = (["account", "container", "object", "proxy"] as const).map((name) => ({
    name,
    command: [`swift-${name}-server`, join(folder, "etc", `${name}-server.conf`)],
  }));
  const cache = {
    name: "memcached",
    command: ["memcached", "-u", "root", "-l", "127.0.0.1", "-p", String(memcached), "-U", "0"],
  };
  const processes = startGuarded(folder, [cache, ...storage], { SWIFT_TEST_CONFIG_FILE: "" });
  const endpoint = `http://127.0.0.1:${proxy}`;
  try {
    for (const port of [proxy, accountPort, container, object])
      await untilReady(processes, async () => (await fetch(`http://127.0.0.1:${port}/healthcheck`)).ok);
  } catch (error) {
    await processes[Symbol.asyncDispose]();
    throw error;
  }
  const accessKeyId = `${account}:${user}`;
  const env = {
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
    AWS_REGION: region,
    // Nothing of this machine's own configuration may play a part.
    AWS_CONFIG_FILE: "/dev/null",
    AWS_SHARED_CREDENTIALS_FILE: "/dev/null",
    AWS_EC2_METADATA_DISABLED: "true",
  };
  return {
    endpoint,
    region,
    accessKeyId,
    secretAccessKey,
    env,
    readerEnv: {
      ...env,
      AWS_ACCESS_KEY_ID: `${account}:${reader}`,
      AWS_SECRET_ACCESS_KEY: readerSecret,
    },
    pids: processes.pids(),
    createBucket: (name) => createContainer(endpoint, name),
    [Symbol.asyncDispose]: () => processes[Symbol.asyncDispose](),
  };
}

/** A container of Swift's own API is a bucket of the S3 API. */
async function createContainer(endpoint: string, name: string): Promise<void> {
  const login = await fetch(`${endpoint}/auth/v1.0`, {
    headers: { "X-Auth-User": `${account}:${user}`, "X-Auth-Key": secretAccessKey },
  });
  const token = login.headers.get("x-auth-token") ?? "";
  const made = await fetch(`${login.headers.get("x-storage-url") ?? ""}/${name}`, {
    method: "PUT",
    headers: { "X-Auth-Token": token, "X-Container-Read": `${account}:${reader},.rlistings` },
  });
  if (!made.ok) throw new Error(`Swift made no container ${name}: ${made.status}`);
}

/** One device, one replica: Swift's own tool takes half a second for each of nine calls, its library a blink. */
function makeRings(folder: string, ports: Ports): void {
  const script = `
from swift.common.ring import RingBuilder
import sys
for name, port in zip(sys.argv[2::2], sys.argv[3::2]):
    builder = RingBuilder(4, 1, 1)
    builder.add_dev({"id": 0, "region": 1, "zone": 1, "ip": "127.0.0.1", "port": int(port), "device": "d1", "weight": 1.0})
    builder.rebalance()
    builder.get_ring().save(sys.argv[1] + "/" + name + ".ring.gz")
`;
  const given = (["account", "container", "object"] as const).flatMap((name) => [name, String(ports[name])]);
  const made = spawnSync("/usr/bin/python3", ["-c", script, join(folder, "etc"), ...given], {
    encoding: "utf8",
  });
  if (made.status !== 0) throw new Error(`Swift's rings were not made: ${made.stderr}`);
}

function writeConfiguration(folder: string, ports: Ports, workers: number): void {
  for (const name of ["etc", "srv/d1"]) mkdirSync(join(folder, name), { recursive: true });
  const write = (name: string, text: string): void => writeFileSync(join(folder, "etc", name), text);
  write(
    "swift.conf",
    "[swift-hash]\nswift_hash_path_suffix = suffix\nswift_hash_path_prefix = prefix\n" +
      "[storage-policy:0]\nname = gold\npolicy_type = replication\ndefault = yes\n",
  );
  for (const name of ["account", "container", "object"] as const)
    write(
      `${name}-server.conf`,
      `${common(folder, ports[name], workers)}devices = ${folder}/srv\nmount_check = false\n` +
        `[pipeline:main]\npipeline = healthcheck ${name}-server\n` +
        `[app:${name}-server]\nuse = egg:swift#${name}\n[filter:healthcheck]\nuse = egg:swift#healthcheck\n`,
    );
  write("proxy-server.conf", proxyConfiguration(folder, ports, workers));
}

/**
 * Patient, since an object whose container was told of it too slowly is in no listing: that would be mended by a daemon,
 * which does not run here.
 */
const timeouts = "container_update_timeout = 60\nnode_timeout = 60\nconn_timeout = 10\n";
const common = (folder: string, port: number, workers: number): string =>
  `[DEFAULT]\nbind_ip = 127.0.0.1\nbind_port = ${port}\nworkers = ${workers}\nuser = root\nswift_dir = ${folder}/etc\n` +
  `log_level = ERROR\nlog_address = /dev/null\n${timeouts}`;

const filters: Record<string, string> = {
  catch_errors: "catch_errors",
  gatekeeper: "gatekeeper",
  healthcheck: "healthcheck",
  cache: "memcache",
  listing_formats: "listing_formats",
  bulk: "bulk",
  tempurl: "tempurl",
  s3api: "s3api",
  tempauth: "tempauth",
  copy: "copy",
  "container-quotas": "container_quotas",
  "account-quotas": "account_quotas",
  slo: "slo",
  dlo: "dlo",
  versioned_writes: "versioned_writes",
  symlink: "symlink",
};

function proxyConfiguration(folder: string, ports: Ports, workers: number): string {
  const settings: Record<string, string> = {
    cache: `memcache_servers = 127.0.0.1:${ports.memcached}\n`,
    tempauth:
      `user_${account}_${user} = ${secretAccessKey} .admin\n` +
      `user_${account}_${reader} = ${readerSecret}\n`,
    s3api: `location = ${region}\ns3_acl = false\ncheck_bucket_owner = false\n`,
    versioned_writes: "allow_versioned_writes = true\nallow_object_versioning = true\n",
  };
  const sections = Object.entries(filters).map(
    ([name, egg]) => `[filter:${name}]\nuse = egg:swift#${egg}\n${settings[name] ?? ""}`,
  );
  return (
    `${common(folder, ports.proxy, workers)}[pipeline:main]\npipeline = ${Object.keys(filters).join(" ")} proxy-server\n` +
    `[app:proxy-server]\nuse = egg:swift#proxy\naccount_autocreate = true\n${sections.join("")}`
  );
}
