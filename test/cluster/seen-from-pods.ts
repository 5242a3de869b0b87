/** Servers of this machine as pods reach them: the testbed's node is this machine. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, connect, createServer } from "node:net";
import { nodes } from "../../src/cluster/jobs/objects.ts";
import type { KubeApi, KubeObject } from "../../src/cluster/kube-api.ts";

const { signal } = new AbortController();

interface Node extends KubeObject {
  readonly status: { readonly addresses: readonly { readonly type: string; readonly address: string }[] };
}

/** A server that listens on this machine alone, passed on at an address that pods reach. */
export async function seenFromPods(
  endpoint: string,
  api: KubeApi,
): Promise<AsyncDisposable & { readonly endpoint: string }> {
  const address = await nodeAddress(api);
  const port = Number(new URL(endpoint).port);
  const passing = createServer((incoming) => {
    const outgoing = connect(port, "127.0.0.1");
    incoming.pipe(outgoing).pipe(incoming);
    incoming.on("error", () => outgoing.destroy());
    outgoing.on("error", () => incoming.destroy());
  });
  passing.listen(0, address);
  await once(passing, "listening");
  return {
    endpoint: `http://${address}:${(passing.address() as AddressInfo).port}`,
    [Symbol.asyncDispose]: async () => {
      passing.close();
    },
  };
}

/** An address of this machine that pods reach. */
export async function nodeAddress(api: KubeApi): Promise<string> {
  const { items } = await api.list<Node>(nodes, {}, signal);
  const address = items[0]?.status.addresses.find(({ type }) => type === "InternalIP");
  return address?.address ?? assert.fail("the node has no address");
}
