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

const capacity = { storage: "1Gi" };
const readWriteMany = { accessModes: ["ReadWriteMany"], storageClassName: "", volumeMode: "Filesystem" };

export interface TestVolumes extends AsyncDisposable {
  /** Makes a claim of that name; says the folder of its volume, which everybody may write to. */
  add(claimName: string, accessMode?: "ReadWriteOnce" | "ReadWriteMany"): Promise<string>;
  /** Makes the volume alone, for a claim of that name and the testbed's own class that somebody will make; says its folder. */
  reserve(claimName: string): Promise<string>;
}

export function testVolumes({ api }: TestCluster, namespace: string): TestVolumes {
  const root = mkdtempSync(join(tmpdir(), "longshore-volumes-"));
  chmodSync(root, 0o755);
  const made: string[] = [];

  async function addVolume(claimName: string, common: typeof readWriteMany): Promise<string> {
    const path = join(root, claimName);
    mkdirSync(path);
    chmodSync(path, 0o777);
    const volume: KubeObject & { spec: object } = {
      apiVersion: "v1",
      kind: "PersistentVolume",
      metadata: { name: `${namespace}-${claimName}` },
      spec: {
        ...common,
        capacity,
        hostPath: { path },
        claimRef: { namespace, name: claimName },
        persistentVolumeReclaimPolicy: "Retain",
      },
    };
    await api.create(persistentVolumes, volume, {}, signal);
    made.push(volume.metadata.name);
    return path;
  }

  return {
    add: async (claimName, accessMode = "ReadWriteMany") => {
      const common = { ...readWriteMany, accessModes: [accessMode] };
      const path = await addVolume(claimName, common);
      const claim: KubeObject & { spec: object } = {
        apiVersion: "v1",
        kind: "PersistentVolumeClaim",
        metadata: { name: claimName, namespace },
        spec: { ...common, volumeName: `${namespace}-${claimName}`, resources: { requests: capacity } },
      };
      await api.create(claims, claim, {}, signal);
      return path;
    },
    reserve: (claimName) =>
      addVolume(claimName, { ...readWriteMany, accessModes: ["ReadWriteOnce"], storageClassName: "testbed" }),
    [Symbol.asyncDispose]: async () => {
      for (const name of made) await api.delete(persistentVolumes, { name }, {}, signal);
      rmSync(root, { recursive: true, force: true });
    },
  };
}
