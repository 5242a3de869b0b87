/** A candidate of an election as a process of its own, which says when it begins to lead and when it has stopped. */
import { runElected } from "../../src/cluster/client/lease-elector.ts";
import { openKubeApi } from "../../src/cluster/client/open-kube-api.ts";
import { delimiter } from "node:path";

const [kubeconfig = "", namespace = "", identity = ""] = process.argv.slice(2);
const controller = new AbortController();
process.on("SIGTERM", () => controller.abort(new Error("SIGTERM")));

await using api = openKubeApi({ kind: "kubeconfig", paths: kubeconfig.split(delimiter) });
const say = (what: string): void => console.log(JSON.stringify({ what, at: Date.now() }));
await runElected(
  {
    api,
    key: { namespace, name: "operator" },
    identity,
    clock: { now: () => performance.timeOrigin + performance.now() },
    random: Math.random,
    onError: (error) => console.error(error),
    times: { lease: 15_000, renewDeadline: 5000, retry: 300 },
  },
  async (signal) => {
    say("leads");
    const { promise, resolve } = Promise.withResolvers<void>();
    signal.addEventListener("abort", () => resolve(), { once: true });
    await promise;
    say("stopped");
  },
  controller.signal,
);
