/** Namespaces, claims and exports for measurements of a cluster; all of it goes at the end. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { NewResource } from "../../src/domain/ports/export-store.ts";
import { apiVersion } from "../../src/domain/resources/resource.ts";
import { ExportSpec } from "../../src/domain/resources/export.ts";
import { noCluster, openTestCluster, type TestCluster } from "../../test/cluster/cluster.ts";
import { imageAlias, noNode, testImage } from "../../test/cluster/image.ts";
import { noKubectl } from "../../test/cluster/kubectl.ts";
import { installSystem, systemOptions } from "../../test/cluster/system.ts";
import { testVolumes } from "../../test/cluster/volumes.ts";
import { BenchError } from "../bench-error.ts";

export interface BenchSpace extends AsyncDisposable {
  readonly cluster: TestCluster;
  /** A reference that the node knows. */
  readonly image: string;
  /** The first has the claims "source", with a few small files in it, and "out". */
  readonly namespaces: readonly string[];
}

const files = 30;
const fileSize = 2000;

/** Throws BenchError where there is nothing to measure on. */
export async function openBenchSpace(count: number): Promise<BenchSpace> {
  const reason = noCluster || noKubectl || noNode;
  if (reason !== false) throw new BenchError(reason);
  await using opened = new AsyncDisposableStack();
  const cluster = opened.use(await openTestCluster());
  // The name that the policies let run; to install another one would change them under everybody else.
  const { image } = systemOptions;
  opened.use(await imageAlias(await testImage(), image));
  await installSystem(cluster);
  const labels = { "pod-security.kubernetes.io/enforce": "restricted" };
  const namespaces: string[] = [];
  for (let i = 0; i < count; i++) {
    const { name } = opened.use(await cluster.namespace("e-bench", labels));
    namespaces.push(name);
  }
  const volumes = opened.use(testVolumes(cluster, namespaces[0] ?? ""));
  const source = await volumes.add("source");
  await volumes.add("out");
  mkdirSync(join(source, "small"));
  for (let i = 0; i < files; i++) writeFileSync(join(source, `small/${i}`), Buffer.alloc(fileSize, `${i}`));
  const kept = opened.move();
  return { cluster, image, namespaces, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

/** A small export of claim to claim, unless `over` says otherwise. */
export function newExport(
  metadata: { readonly namespace: string; readonly name: string },
  over: object = {},
): NewResource<"Export"> {
  const spec = ExportSpec.parse({
    source: { volume: { claimName: "source", path: "small" } },
    destination: { volume: { claimName: "out", path: "exports" } },
    ...over,
  });
  return { apiVersion, kind: "Export", metadata, spec };
}
