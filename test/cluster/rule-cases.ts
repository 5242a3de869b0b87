/** For every rule of the kinds' schemas a document that breaks it, by the rule's message. */

interface RuleCase {
  readonly kind: string;
  /** Merged into the kind's plain spec, member by member; null takes one away. */
  readonly spec: object;
  /** The case breaks the rule by this change of what `spec` made. */
  readonly change?: object;
}

const url = (text: string): RuleCase => ({
  kind: "Export",
  spec: { source: { volume: null, bucket: { url: text } } },
});
const workers = (given: object): RuleCase => ({ kind: "Export", spec: { workers: given } });
const parameters = (scheme: string): RuleCase => url(`${scheme}://lake/x?secretAccessKey=1`);

/** Plain documents, which break none. */
export const plainSpecs: Readonly<Record<string, object>> = {
  Export: { source: { volume: { claimName: "reports" } }, destination: { name: "outbox" } },
  ExportDestination: { volume: { claimName: "outbox" } },
  ClusterExportDestination: { bucket: { url: "s3://handover/2026" } },
  DownloadGrant: { exportRef: { name: "reports" } },
};

/** Messages that begin so, and whose rule begins so where several have the message. */
export const ruleCases: readonly (readonly [message: RegExp, cases: readonly RuleCase[]])[] = [
  [
    /^spec\.source must have exactly one of/,
    [
      { kind: "Export", spec: { source: { volume: null } } },
      { kind: "Export", spec: { source: { bucket: { url: "s3://lake" } } } },
    ],
  ],
  [
    /^spec\.destination must have exactly one of/,
    [
      { kind: "Export", spec: { destination: { name: null } } },
      { kind: "Export", spec: { destination: { volume: { claimName: "x" } } } },
    ],
  ],
  [
    /^spec must have exactly one of/,
    [
      { kind: "ExportDestination", spec: { volume: null } },
      { kind: "ExportDestination", spec: { bucket: { url: "s3://lake" } } },
    ],
  ],
  [
    /^must have no \. and no \.\. between its slashes/,
    ["..", "a/../b", "./a", "a/.", "a\u0000b"].map((path) => ({
      kind: "Export",
      spec: { source: { volume: { path } } },
    })),
  ],
  [/^must begin with s3/, [url("https://lake.example/x"), url("/srv/lake"), url("pvc://team-a/reports")]],
  [/^must name a bucket/, [url("s3://"), url("s3://key:secret@lake/x"), url("s3:///x")]],
  [
    /^must have no # and no \. or \.\. in its prefix/,
    [url("s3://lake/../x"), url("gs://lake/%2E%2e"), url("az://lake/x#y")],
  ],
  [/^may have the parameters .*forcePathStyle/, [parameters("s3"), url("s3://lake?credentials=/etc/key")]],
  [/^may have the parameters .*account/, [parameters("az")]],
  [/^may have the parameters .*userProject/, [parameters("gs"), url("gs://lake?region=x")]],
  [
    /^spec\.compressionLevel must be/,
    [
      { kind: "Export", spec: { compressionLevel: 0 } },
      { kind: "Export", spec: { format: "TarGzip", compressionLevel: 10 } },
      { kind: "Export", spec: { format: "Zip", compressionLevel: 22 } },
    ],
  ],
  [
    /^spec\.partSize must be at least 1Ki/,
    [
      { kind: "Export", spec: { partSize: "1023" } },
      { kind: "Export", spec: { partSize: 100 } },
    ],
  ],
  [
    /^must be whole bytes, or a quantity/,
    ["", "64MiB", "-1", "0.5", "1e3", "9Pi", -1].map((partSize) => ({ kind: "Export", spec: { partSize } })),
  ],
  [/^spec\.cancel can't be undone/, [{ kind: "Export", spec: { cancel: true }, change: { cancel: false } }]],
  [
    /^spec\.revoked can't be undone/,
    [{ kind: "DownloadGrant", spec: { revoked: true }, change: { revoked: false } }],
  ],
  [
    /^must be an amount such as/,
    [
      workers({ resources: { limits: { cpu: "much" } } }),
      workers({ resources: { requests: { memory: "-1Gi" } } }),
    ],
  ],
  [/^must not be one of the system's own classes/, [workers({ priorityClassName: "system-node-critical" })]],
  [
    /^must have no key of longshore\.dev/,
    [
      workers({ labels: { "longshore.dev/stage": "pack" } }),
      workers({ labels: { "batch.kubernetes.io/job-name": "x" } }),
      workers({ annotations: { "container.apparmor.security.beta.kubernetes.io/worker": "unconfined" } }),
    ],
  ],
  [
    /^securityContext\.runAsUser can't stand beside readAs: Root/,
    [workers({ readAs: "Root", securityContext: { runAsUser: 1000 } })],
  ],
];

/** Another value for each member that may not change; each is valid by itself. */
export const otherValues: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  Export: {
    source: { volume: { claimName: "payroll" } },
    include: ["*.csv"],
    exclude: ["*.tmp"],
    format: "Zip",
    compressionLevel: 5,
    destination: { name: "elsewhere" },
    partSize: "65Mi",
    consistency: "Live",
    differences: "Fail",
    entryDigests: true,
    crossFileSystems: true,
    previous: { name: "monday" },
    backoffLimit: 1,
  },
  ExportDestination: {
    directory: { path: "/srv" },
    bucket: { url: "s3://lake" },
    volume: { claimName: "elsewhere" },
  },
  ClusterExportDestination: { bucket: { url: "s3://elsewhere" } },
  DownloadGrant: { exportRef: { name: "payroll" }, expiresInSeconds: 60, maxBytes: "1Gi" },
};

/** Changes that must go through. */
export const allowedChanges: Readonly<Record<string, readonly object[]>> = {
  Export: [
    { suspend: true },
    { cancel: true },
    { ttlSecondsAfterFinished: 60 },
    { deletionPolicy: "Retain" },
    { workers: { mode: "Indexed", count: 4, readAs: "Root", nodeSelector: { disk: "fast" } } },
    // The same in other words.
    { partSize: "65536Ki" },
    { partSize: 67_108_864 },
  ],
  ExportDestination: [],
  ClusterExportDestination: [{ allowedNamespaces: ["team-a"] }],
  DownloadGrant: [{ description: "for the auditor" }, { revoked: true }],
};
