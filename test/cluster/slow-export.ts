/** The spec of an export whose workers take a while: hard work on little of a processor. */
export const slowExport = (workers: object = {}): object => ({
  source: { volume: { claimName: "source", path: "data" } },
  destination: { volume: { claimName: "out" } },
  partSize: "1Mi",
  compressionLevel: 19,
  workers: {
    resources: { requests: { cpu: "50m" }, limits: { cpu: "400m", memory: "1Gi" } },
    ...workers,
  },
});
