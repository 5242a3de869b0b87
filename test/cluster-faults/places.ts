/** Where the exports of these tests go, and what may be seen of them there: a folder that is a claim, and a bucket of Swift. */
import assert from "node:assert/strict";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { KubeApi, KubeObject, KubeResource } from "../../src/cluster/kube-api.ts";
import { leftOvers, madeExport, manifestAt, swift } from "../buckets/stores.ts";
import { seenFromPods } from "../cluster/seen-from-pods.ts";
import { contentOf, filesOf, manifestOf } from "../fixtures/exports.ts";
import { expectExit, longshore } from "../fixtures/run.ts";

/** Of all exports of one namespace, by their names. */
export interface Place {
  /** An Export's `spec.destination`. */
  readonly destination: object;
  /** Parts that are safe. */
  receipts(name: string): Promise<number>;
  /** What is the same of every export of the same source. */
  content(name: string): Promise<unknown>;
  /** Content that was packed again. */
  redone(name: string): Promise<number>;
  expectVerified(name: string): Promise<void>;
  extract(name: string, target: string): Promise<void>;
  /** Names of what only an unfinished export has, uploads among them. */
  leftOvers(name: string): Promise<readonly string[]>;
  /** Whether nothing at all is left of it. */
  isGone(name: string): Promise<boolean>;
}

const { signal } = new AbortController();
const timeoutMs = 300_000;

/** `folder` is the claim's volume. */
export function claimPlace(namespace: string, claimName: string, folder: string): Place {
  const at = (name: string): string => join(folder, "exports", namespace, name);
  return {
    destination: { volume: { claimName, path: "exports" } },
    receipts: async (name) => {
      const receipts = join(at(name), "receipts");
      return existsSync(receipts) ? readdirSync(receipts).length : 0;
    },
    content: async (name) => contentOf(at(name)),
    redone: async (name) => (manifestOf(at(name))["run"] as { readonly redone: number }).redone,
    expectVerified: async (name) => void expectExit(await longshore(["verify", at(name)], { timeoutMs }), 0),
    extract: async (name, target) =>
      void expectExit(await longshore(["extract", at(name), target], { timeoutMs }), 0),
    leftOvers: async (name) => filesOf(at(name)).filter((file) => /^(?:tmp|attempts|index)\//.test(file)),
    isGone: async (name) => !existsSync(at(name)),
  };
}

const secrets: KubeResource = {
  group: "",
  version: "v1",
  plural: "secrets",
  kind: "Secret",
  namespaced: true,
};

/** A server of its own. */
export async function bucketPlace(api: KubeApi, namespace: string): Promise<Place & AsyncDisposable> {
  await using opening = new AsyncDisposableStack();
  const server = opening.use(await swift.start());
  const seen = opening.use(await seenFromPods(server.origin, api));
  const { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY } = server.env();
  const secret: KubeObject & { readonly stringData: object } = {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: "keys", namespace },
    stringData: { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY },
  };
  await api.create(secrets, secret, {}, signal);
  const prefix = (name: string): string => `handover/${namespace}/${name}`;
  const options = { env: server.env(), timeoutMs };
  const said = async (...args: string[]): Promise<void> => void expectExit(await longshore(args, options), 0);
  const opened = opening.move();
  return {
    destination: {
      bucket: {
        url: server.location("handover", seen.endpoint),
        credentialsSecretRef: { name: "keys" },
      },
    },
    receipts: async (name) => {
      let count = 0;
      for await (const _ of server.destination(prefix(name)).list("receipts/", signal)) count++;
      return count;
    },
    content: (name) => madeExport(server, prefix(name)),
    redone: async (name) => (await manifestAt(server, prefix(name))).run.redone,
    expectVerified: (name) => said("verify", server.location(prefix(name))),
    extract: (name, target) => said("extract", server.location(prefix(name)), target),
    leftOvers: (name) => leftOvers(server, prefix(name)),
    isGone: async (name) => {
      assert.deepEqual(await leftOvers(server, prefix(name)), []);
      for await (const _ of server.destination(prefix(name)).list("", signal)) return false;
      return true;
    },
    [Symbol.asyncDispose]: () => opened[Symbol.asyncDispose](),
  };
}
