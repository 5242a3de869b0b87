/** Volumes of the testbed's one node that a test can look into: folders of this machine, each with its claim. */
import { chmodSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { KubeObject, KubeResource } from "../../src/cluster/kube-api.ts";
import { claims } from "../../src/cluster/jobs/objects.ts";
import type { TestCluster } from "./cluster.ts";

const { signal } = new AbortController();
const persistentVolumes: KubeResource = {
  group: "",
  version: "v1",
  plural: "persistentvolumes",
  kind: "PersistentVolume",
  namespaced: false,
};

export interface TestVolumes extends AsyncDisposable {
  /** Makes a claim of that name; says the folder of its volume, which everybody may write to. */
  add(claimName: string, accessMode?: "ReadWriteOnce" | "ReadWriteMany"): Promise<string>;
}

export function testVolumes({ api }: TestCluster, namespace: string): TestVolumes {
  const root = mkdtempSync(join(tmpdir(), "longshore-volumes-"));
  chmodSync(root, 0o755);
  const made: string[] = [];
  return {
    add: async (claimName, accessMode = "ReadWriteMany") => {
      const path = join(root, claimName);
      mkdirSync(path);
      chmodSync(path, 0o777);
      const name = `${namespace}-${claimName}`;
      const capacity = { storage: "1Gi" };
      const common = { accessModes: [accessMode], storageClassName: "", volumeMode: "Filesystem" };
      const volume: KubeObject & { spec: object } = {
        apiVersion: "v1",
        kind: "PersistentVolume",
        metadata: { name },
        spec: {
          ...common,
          capacity,
          hostPath: { path },
          claimRef: { namespace, name: claimName },
          persistentVolumeReclaimPolicy: "Retain",
        },
      };
      const claim: KubeObject & { spec: object } = {
        apiVersion: "v1",
        kind: "PersistentVolumeClaim",
        metadata: { name: claimName, namespace },
        spec: { ...common, volumeName: name, resources: { requests: capacity } },
      };
      await api.create(persistentVolumes, volume, {}, signal);
      made.push(name);
      await api.create(claims, claim, {}, signal);
      return path;
    },
    [Symbol.asyncDispose]: async () => {
      for (const name of made) await api.delete(persistentVolumes, { name }, {}, signal);
      rmSync(root, { recursive: true, force: true });
    },
  };
}
