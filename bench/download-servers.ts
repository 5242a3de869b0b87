/** The servers that the download is measured with: ours, and nginx with sendfile as people set it up. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { freePort } from "../test/fixtures/free-ports.ts";
import { BenchError } from "./bench-error.ts";

export interface BenchServer extends AsyncDisposable {
  readonly url: string;
  /** The process that serves. */
  readonly pid: number;
}

/** The responder of the product behind the smallest server there can be. `location` is an export's folder. */
export async function startOurs(location: string, file: string): Promise<BenchServer> {
  const program = join(import.meta.dirname, "../test/fixtures/download-server.ts");
  const child = spawn(process.execPath, [program], { stdio: ["ignore", "pipe", "inherit"] });
  const ended = once(child, "close");
  const failed = ended.then(() => {
    throw new BenchError("our server ended before it was asked anything");
  });
  const [line] = (await Promise.race([once(child.stdout, "data"), failed])) as [Buffer];
  failed.catch(() => undefined);
  return {
    url: `http://127.0.0.1:${Number(line)}/${encodeURIComponent(location)}/${file}`,
    pid: child.pid ?? 0,
    [Symbol.asyncDispose]: async () => {
      child.kill();
      await ended;
    },
  };
}

/** One worker, for ours is one process. `folder` takes what it keeps; `root` has the file. */
export async function startNginx(
  program: string,
  { folder, root, file }: { readonly folder: string; readonly root: string; readonly file: string },
): Promise<BenchServer> {
  await mkdir(folder, { recursive: true });
  const port = await freePort();
  const configuration = join(folder, "nginx.conf");
  await writeFile(configuration, configurationOf({ folder, root, port }));
  const child = spawn(program, ["-p", folder, "-c", configuration], { stdio: ["ignore", "ignore", "pipe"] });
  let said = "";
  child.stderr.on("data", (chunk: Buffer) => (said += String(chunk)));
  const ended = once(child, "close");
  const stop = async (): Promise<void> => {
    child.kill();
    await ended;
  };
  const url = `http://127.0.0.1:${port}/${file}`;
  for (let attempt = 0; !(await answers(url)); attempt++) {
    if (attempt > 100 || child.exitCode !== null) {
      await stop();
      throw new BenchError(`nginx does not answer: ${said.trim().slice(-300)}`);
    }
    await setTimeout(50);
  }
  return { url, pid: await workerOf(child.pid ?? 0), [Symbol.asyncDispose]: stop };
}

/** Root's nginx would work as nobody, who may not read what root made. */
const asUser = process.getuid?.() === 0 ? "user root;" : "";

const configurationOf = ({ folder, root, port }: { folder: string; root: string; port: number }): string => `
daemon off;
${asUser}
worker_processes 1;
pid ${folder}/nginx.pid;
error_log stderr;
events { worker_connections 256; }
http {
  access_log off;
  sendfile on;
  tcp_nopush on;
  client_body_temp_path ${folder}/body;
  proxy_temp_path ${folder}/proxy;
  fastcgi_temp_path ${folder}/fastcgi;
  uwsgi_temp_path ${folder}/uwsgi;
  scgi_temp_path ${folder}/scgi;
  server { listen 127.0.0.1:${port}; root ${root}; }
}
`;

async function answers(url: string): Promise<boolean> {
  return fetch(url, { method: "HEAD" }).then(
    ({ ok }) => ok,
    () => false,
  );
}

async function workerOf(master: number): Promise<number> {
  const children = await readFile(`/proc/${master}/task/${master}/children`, "utf8");
  const [worker] = children.trim().split(" ");
  if (!worker) throw new BenchError("nginx has no worker");
  return Number(worker);
}
