/** What each store, or the way to it, refuses, as a table: how it comes to that, and the sentence that is said of it. */
import type { ProxiedRequest, Treatment } from "../servers/fault-proxy.ts";
import { azureError, gcsError, s3Error } from "./store-answers.ts";
import { azurite, gcs, type RunningStore, type StoreKind, swift } from "./stores.ts";

export interface Refusal {
  readonly what: string;
  /** The location instead of the right one. */
  readonly changed?: (location: string) => string;
  /** In the environment beside what is right. */
  readonly env?: (store: RunningStore) => Record<string, string>;
  readonly line?: (request: ProxiedRequest) => Treatment;
  /** With KEY for the key that it was about. */
  readonly says: string;
  /** What it may say as well. */
  readonly orSays?: string;
}

const denied = (kind: StoreKind, operation: string, treatment: Treatment, hint: string): Refusal => ({
  what: `a policy that denies ${operation}`,
  line: (request) => (kind.operationOf(request) === operation ? treatment : { how: "pass" }),
  says: `${kind.scheme}://exports does not allow ${operation} with these credentials (at KEY): ${hint}`,
});

const nobodyThere = (location: string): string => location.replace(/127\.0\.0\.1:\d+/, "127.0.0.1:9");
const noHost = (location: string): string => location.replace("127.0.0.1", "store.invalid");
const byTls = (location: string): string => location.replace("http:", "https:");
const noBucket = (location: string): string => location.replace("://exports", "://nowhere");

const giveCredentials =
  "give valid credentials in the environment or a profile, as the store's own tools take them";
const checkEndpoint =
  "check the endpoint, the network and the proxy if there is one, then run the same command again";
/** On a machine whose DNS can't be asked, nobody knows that there is no such host. */
const noLookup = (scheme: string): string =>
  `${scheme}://exports can't be reached: its endpoint's address can't be looked up just now (at KEY): ${checkEndpoint}`;
const otherProtocol = "check the endpoint: http:// is another than https://";

const s3Permissions: Readonly<Record<string, string>> = {
  ListObjectsV2: "ListBucket",
  PutObject: "PutObject",
  HeadObject: "GetObject",
  GetObject: "GetObject",
  CreateMultipartUpload: "PutObject",
  UploadPart: "PutObject",
  ListParts: "ListMultipartUploadParts",
  CompleteMultipartUpload: "PutObject",
  ListMultipartUploads: "ListBucketMultipartUploads",
  DeleteObject: "DeleteObject",
};

const s3: readonly Refusal[] = [
  {
    what: "a wrong secret",
    env: () => ({ AWS_SECRET_ACCESS_KEY: "wrong" }),
    says: `s3://exports refuses the signature: the secret key is not that of the access key (at KEY): ${giveCredentials}`,
  },
  {
    // Swift does not say which of the two is wrong.
    what: "an unknown access key",
    env: () => ({ AWS_ACCESS_KEY_ID: "test:nobody" }),
    says: `s3://exports refuses the signature: the secret key is not that of the access key (at KEY): ${giveCredentials}`,
  },
  {
    what: "no credentials",
    env: () => ({ AWS_ACCESS_KEY_ID: "", AWS_SECRET_ACCESS_KEY: "" }),
    says: "s3://exports can't be asked: there are no credentials (at KEY): set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY or AWS_PROFILE, or add anonymous=true to the location",
  },
  {
    what: "no bucket",
    changed: noBucket,
    says: "s3://nowhere does not exist (at KEY): create it, or check its name, the endpoint and the region",
  },
  {
    what: "a wrong region",
    changed: (location) => location.replace(/region=[^&]*/, "region=eu-west-1"),
    says: "s3://exports is in the region us-east-1, not in the one that was asked (at KEY): add region=us-east-1 to the location",
  },
  {
    what: "nobody listens",
    changed: nobodyThere,
    says: `s3://exports can't be reached: nobody listens at its endpoint (at KEY): ${checkEndpoint}`,
  },
  {
    what: "no such host",
    changed: noHost,
    says: "s3://exports can't be reached: its endpoint has no address (at KEY): check the endpoint; where buckets have no names of their own in DNS, add forcePathStyle=true",
    orSays: noLookup("s3"),
  },
  {
    what: "https to http",
    changed: byTls,
    says: `s3://exports does not speak TLS at its endpoint (at KEY): ${otherProtocol}`,
  },
  {
    what: "a user who may only read",
    env: ({ readerEnv = {} }) => readerEnv,
    says: "s3://exports does not allow CreateMultipartUpload with these credentials (at KEY): allow s3:PutObject in the policy of the bucket or of the credentials",
  },
  {
    what: "a bucket without multipart uploads",
    line: (request) =>
      swift.operationOf(request) === "CreateMultipartUpload"
        ? s3Error(
            501,
            "NotImplemented",
            "A header you provided implies functionality that is not implemented.",
          )
        : { how: "pass" },
    says: "s3://exports has no CreateMultipartUpload as it was asked for (at KEY): use a store that can do it, or another --format",
  },
  ...Object.entries(s3Permissions).map(([operation, permission]) =>
    denied(
      swift,
      operation,
      s3Error(403, "AccessDenied", "Access Denied."),
      `allow s3:${permission} in the policy of the bucket or of the credentials`,
    ),
  ),
];

const azureLetters: Readonly<Record<string, string>> = {
  "List Blobs": "l",
  "Put Blob": "w",
  "Get Blob": "r",
  "Put Block": "w",
  "Get Block List": "r",
  "Put Block List": "w",
  "Delete Blob": "d",
};

const az: readonly Refusal[] = [
  {
    what: "a wrong key",
    env: () => ({ AZURE_STORAGE_KEY: "bm8=" }),
    says: `az://exports refuses the signature: the key is not that of the account (at KEY): ${giveCredentials}`,
  },
  {
    what: "no credentials",
    env: () => ({ AZURE_STORAGE_KEY: "" }),
    says: "az://exports can't be asked: there are no credentials: set AZURE_STORAGE_CONNECTION_STRING, AZURE_STORAGE_KEY or AZURE_STORAGE_SAS_TOKEN, or add anonymous=true to the location",
  },
  {
    what: "a SAS token that only reads",
    env: ({ readerEnv = {} }) => readerEnv,
    says: "az://exports does not allow Put Block with these credentials (at KEY): allow it in the SAS token (sp=…w…), or give the role Storage Blob Data Contributor",
  },
  {
    what: "no container",
    changed: noBucket,
    says: "az://nowhere does not exist, or not in this account (at KEY): create it, or check its name, the account and the endpoint",
  },
  {
    what: "another account",
    changed: (location) => location.replaceAll("devstoreaccount1", "other"),
    says: "az://exports does not exist, or not in this account (at KEY): create it, or check its name, the account and the endpoint",
  },
  {
    what: "nobody listens",
    changed: nobodyThere,
    says: `az://exports can't be reached: nobody listens at its endpoint (at KEY): ${checkEndpoint}`,
  },
  {
    what: "no such host",
    changed: noHost,
    says: "az://exports can't be reached: its account's endpoint has no address (at KEY): check the account and the endpoint in the location",
    orSays: noLookup("az"),
  },
  {
    what: "https to http",
    changed: byTls,
    says: `az://exports does not speak TLS at its endpoint (at KEY): ${otherProtocol}`,
  },
  ...Object.entries(azureLetters).map(([operation, letter]) =>
    denied(
      azurite,
      operation,
      azureError(403, "AuthorizationPermissionMismatch", "This request is not authorized."),
      `allow it in the SAS token (sp=…${letter}…), or give the role Storage Blob Data ${"lr".includes(letter) ? "Reader" : "Contributor"}`,
    ),
  ),
];

const gcsPermissions: Readonly<Record<string, string>> = {
  "objects.list": "list",
  "objects.insert": "create",
  "objects.get": "get",
  "objects.compose": "create",
  "objects.delete": "delete",
};

const gs: readonly Refusal[] = [
  {
    what: "no file of credentials",
    env: () => ({ GOOGLE_APPLICATION_CREDENTIALS: "/none" }),
    says: "/none, named by GOOGLE_APPLICATION_CREDENTIALS, can't be read: name a file of credentials in JSON, as `gcloud` and Google's console make it",
  },
  {
    what: "an endpoint that is not trusted",
    env: () => ({ LONGSHORE_GS_TRUSTED_ENDPOINTS: "" }),
    says: "gs://exports wants credentials, and none were sent (at KEY): leave anonymous=true out of the location; to send credentials to an endpoint of your own, name its origin in LONGSHORE_GS_TRUSTED_ENDPOINTS",
  },
  {
    what: "no bucket",
    changed: noBucket,
    says: "gs://nowhere does not exist (at KEY): create it, or check its name, the endpoint and the region",
  },
  {
    what: "nobody listens",
    changed: nobodyThere,
    says: `gs://exports can't be reached: nobody listens at its endpoint (at KEY): ${checkEndpoint}`,
  },
  {
    what: "no such host",
    changed: noHost,
    says: `gs://exports can't be reached: its endpoint has no address (at KEY): ${checkEndpoint}`,
    orSays: noLookup("gs"),
  },
  {
    what: "https to http",
    changed: byTls,
    says: `gs://exports does not speak TLS at its endpoint (at KEY): ${otherProtocol}`,
  },
  ...Object.entries(gcsPermissions).map(([operation, permission]) =>
    denied(
      gcs,
      operation,
      gcsError(
        403,
        "forbidden",
        `tests@example.com does not have storage.objects.${permission} access to the Google Cloud Storage object.`,
      ),
      `allow storage.objects.${permission} on the bucket`,
    ),
  ),
];

export function refusalsOf({ scheme }: StoreKind): readonly Refusal[] {
  return { s3, az, gs }[scheme];
}
