/** What goes wrong between the program and each store, as a table: which requests, how, and what must come of it. */
import type { ProxiedRequest, Treatment } from "../servers/fault-proxy.ts";
import { azureError, gcsError, s3Error } from "./store-answers.ts";
import type { StoreKind } from "./stores.ts";

/** Chooses what happens to a request; undefined is nothing. */
export type Line = (operation: string, request: ProxiedRequest) => Treatment | undefined;

export interface Fault {
  readonly what: string;
  /** A line on which it happens, new for each export. */
  readonly line: (random: () => number) => Line;
  /** What a failure says; where it is absent the export must succeed. */
  readonly says?: RegExp;
}

/** The words of one store. */
interface Words {
  /** Every operation that an export of one archive asks for. */
  readonly operations: readonly string[];
  /** Those that send data. */
  readonly sending: readonly string[];
  readonly busy: Treatment;
  readonly tooMany: Treatment;
  readonly expired: Treatment;
  readonly expiredSays: RegExp;
}

const words: Record<StoreKind["scheme"], Words> = {
  s3: {
    operations: [
      "CreateMultipartUpload",
      "UploadPart",
      "CompleteMultipartUpload",
      "PutObject",
      "GetObject",
      "HeadObject",
      "ListParts",
      "ListObjectsV2",
      "ListMultipartUploads",
      "DeleteObjects",
    ],
    sending: ["UploadPart", "PutObject", "CompleteMultipartUpload"],
    busy: s3Error(503, "ServiceUnavailable", "Please reduce your request rate."),
    tooMany: s3Error(503, "SlowDown", "Please reduce your request rate.", { "retry-after": "1" }),
    expired: s3Error(400, "ExpiredToken", "The provided token has expired."),
    expiredSays: /s3:\/\/exports refuses credentials that have expired.*: give valid credentials/,
  },
  az: {
    operations: [
      "Put Block",
      "Put Block List",
      "Put Blob",
      "Get Blob",
      "Get Block List",
      "List Blobs",
      "Delete Blob",
    ],
    sending: ["Put Block", "Put Blob"],
    busy: azureError(503, "ServerBusy", "The server is currently unable to receive requests."),
    tooMany: azureError(429, "TooManyRequests", "Too many requests.", { "retry-after": "1" }),
    expired: azureError(
      403,
      "AuthenticationFailed",
      "Signature not valid in the specified time frame: Start [Sat, 21 Nov 2026] - Expiry [Sat, 21 Nov 2026]",
    ),
    expiredSays:
      /az:\/\/exports refuses a SAS token that is not valid yet or any more.*: give valid credentials/,
  },
  gs: {
    operations: ["objects.insert", "objects.compose", "objects.get", "objects.list", "objects.delete"],
    sending: ["objects.insert"],
    busy: gcsError(503, "backendError", "We encountered an internal error. Please try again."),
    tooMany: gcsError(429, "rateLimitExceeded", "The bucket exceeded the rate limit.", {
      "retry-after": "1",
    }),
    expired: gcsError(401, "authError", "Invalid Credentials"),
    expiredSays: /gs:\/\/exports refuses the credentials.*: give valid credentials/,
  },
};

export function faultsOf({ scheme, reading }: StoreKind): readonly Fault[] {
  const { operations, sending, ...said } = words[scheme];
  return [
    { what: "that answers late", line: () => () => ({ how: "pass", delay: 100 }) },
    { what: "that cuts requests before they arrive", line: () => nth(3, 10, { how: "cut" }) },
    {
      what: "that cuts data on its way up",
      line: () => first(3, sending, { how: "cut", most: 200_000 }),
    },
    {
      what: "that cuts answers on their way down",
      line: () => first(3, [reading], { how: "pass", most: 20 }),
    },
    { what: "that is not available for a while", line: () => during(20, 26, said.busy) },
    { what: "that asks for fewer requests", line: () => during(8, 14, said.tooMany) },
    { what: "that loses its store for a second", line: () => forSecondsAfter(20, 1, { how: "cut" }) },
    ...operations.map((operation) => ({
      what: `that carries out ${operation} and loses the answer`,
      line: () => first(2, [operation], { how: "lose" }),
    })),
    {
      what: "that loses one answer in twenty",
      line: (random) => () => (random() < 0.05 ? { how: "lose" } : undefined),
    },
    ...sending.map((operation): Fault => ({
      what: `that changes a bit of ${operation} on its way up`,
      line: () => first(2, [operation], { how: "pass", flip: "request" }),
    })),
    {
      what: "that refuses credentials as expired from the middle on",
      line: () => during(25, Infinity, said.expired),
      says: said.expiredSays,
    },
    lasting(scheme, said),
  ];
}

/** What lasts until the program gives up takes long: one of them for each store. */
function lasting(scheme: StoreKind["scheme"], { busy, tooMany }: Pick<Words, "busy" | "tooMany">): Fault {
  const faults: Record<typeof scheme, Fault> = {
    s3: {
      what: "that is not available any more",
      line: () => during(25, Infinity, busy),
      says: /s3:\/\/exports is not available just now.*: run the same command again later/,
    },
    az: {
      what: "that changes a bit of all data on its way up",
      line: () => first(Infinity, ["Put Block"], { how: "pass", flip: "request" }),
      says: /az:\/\/exports received other bytes than were sent.*: run the same command again/,
    },
    gs: {
      what: "that asks for fewer requests again and again",
      line: () => during(25, Infinity, tooMany),
      says: /gs:\/\/exports asks for fewer requests \(throttling\).*: run the same command again later/,
    },
  };
  return faults[scheme];
}

/** Every tenth request, so many in all. */
function nth(times: number, every: number, treatment: Treatment): Line {
  let count = 0;
  return () => (++count % every === 0 && count <= times * every ? treatment : undefined);
}

/** The first requests for these operations. */
function first(times: number, operations: readonly string[], treatment: Treatment): Line {
  let left = times;
  return (operation) => (operations.includes(operation) && left-- > 0 ? treatment : undefined);
}

/** Whatever is asked, from one request to another. */
function during(from: number, to: number, treatment: Treatment): Line {
  let count = 0;
  return () => (++count > from && count <= to ? treatment : undefined);
}

/** Whatever is asked within so many seconds of the request of this number. */
function forSecondsAfter(number: number, seconds: number, treatment: Treatment): Line {
  let count = 0;
  let until = -1;
  return () => {
    if (++count === number) until = performance.now() + seconds * 1000;
    return performance.now() < until ? treatment : undefined;
  };
}
