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
  [/^must have no empty name/, [url("s3://lake/a//b"), url("gs://lake//a//")]],
  [/^must have %25 for a %/, [url("s3://lake/100%done"), url("s3://lake/x%"), url("s3://lake/a%00b")]],
  [
    /^must say each parameter once/,
    [url("s3://lake?region=a&region=a"), url("az://lake?account=a&tier=Hot&account=b")],
  ],
  [
    /^caBundle must be the name of a file/,
    [url("s3://lake?caBundle="), url("gs://lake?caBundle=&userProject=x")],
  ],
  [/^delivery must be one of/, [url("s3://lake?delivery=pigeon"), url("s3://lake?delivery=")]],
  [
    /^maxBytesPerSecond must be a size/,
    ["fast", "64", "1Ki", "-1Mi", "20MiB"].map((rate) => url(`s3://lake?maxBytesPerSecond=${rate}`)),
  ],
  [
    /^maxRequests must be a whole number/,
    ["0", "-1", "10000", "1.5", ""].map((count) => url(`az://lake?account=a&maxRequests=${count}`)),
  ],
  [
    /^anonymous, forcePathStyle must be true or false/,
    [url("s3://lake?forcePathStyle=yes"), url("s3://lake?anonymous="), url("gs://lake?anonymous=True")],
  ],
  [/^checksums must be one of/, [url("s3://lake?checksums=md5")]],
  [
    /^endpoint, proxy, publicEndpoint must be an http or https URL/,
    [
      "minio.default.svc:9000",
      "s3://minio",
      "https://",
      "https://me:secret@minio",
      "https%3A%2F%2Fme%40minio",
      "https://minio?x=y",
    ].flatMap((endpoint) => [
      url(`s3://lake?endpoint=${endpoint}`),
      url(`s3://lake?endpoint=https://a&publicEndpoint=${endpoint}`),
      url(`az://lake?proxy=${endpoint}`),
    ]),
  ],
  [
    /^account, .*region.* must be a plain word/,
    [url("s3://lake?region=eu%20west"), url("s3://lake?region="), url("az://lake?account=a!b")],
  ],
  [/^sse must be one of/, [url("s3://lake?sse=KMS")]],
  [/^tags must be of the form/, [url("s3://lake?tags=team"), url("s3://lake?tags==a")]],
  [
    /^url must say neither anonymous nor profile/,
    ["anonymous=true", "region=x&profile=me"].map((given) => ({
      kind: "Export",
      spec: {
        source: {
          volume: null,
          bucket: { url: `s3://lake?${given}`, credentialsSecretRef: { name: "key" } },
        },
      },
    })),
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
    /^must be bytes, as a number or a quantity/,
    ["", "64MiB", "-1", "1e", "1e3k", "1e16", "8Pi", "1E", -1].map((partSize) => ({
      kind: "Export",
      spec: { partSize },
    })),
  ],
  [
    /^spec\.consistency can be Auto or Live/,
    ["Snapshot", "Clone"].map((consistency) => ({ kind: "Export", spec: { consistency } })),
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

/** URLs of buckets that an API server must take. */
export const rightUrls: readonly string[] = [
  "s3://lake",
  "s3://lake//a/",
  "S3://lake/100%25/a b?",
  "s3://lake/x?endpoint=https://minio.default.svc:9000&region=eu-west-1&forcePathStyle=true",
  "s3://lake?endpoint=https%3A%2F%2F%5B::1%5D:9000%2Fs3&publicEndpoint=HTTP://store.example/x%2Fy",
  "s3://lake?sse=aws:kms&sseKmsKeyId=arn:aws:kms:eu:1:key%2Fx&storageClass=GLACIER_IR&checksums=none",
  "s3://lake?sse=aws%3Akms%3Adsse&tags=team%3Da%26project%3Db&delivery=relay&caBundle=/etc/ca.pem",
  "az://lake?account=example&tier=Cool&maxRequests=9999&maxBytesPerSecond=1.5Gi&anonymous=false",
  "gs://lake?userProject=x&proxy=http://proxy.example:3128&kmsKeyName=projects/a/b&maxBytesPerSecond=65536",
];

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
    ...["67.108864E6", "+64.Mi", ".0625Gi", "67108864000m"].map((partSize) => ({ partSize })),
  ],
  ExportDestination: [],
  ClusterExportDestination: [{ allowedNamespaces: ["team-a"] }],
  DownloadGrant: [{ description: "for the auditor" }, { revoked: true }],
};
