/** The one catalogue of everything that can go wrong: what happened, whether a retry may help, and what to do next. */
type Severity = "usage" | "failure";

interface CatalogueEntry {
  /** What an HTTP answer says of it (RFC 9110 section 15). */
  readonly status: number;
  /** `usage` ends the command line with 2, `failure` with 1. */
  readonly severity: Severity;
  /** Whether the same call may succeed later without anyone changing anything. */
  readonly retryable: boolean;
  readonly hint: string;
}

const usage = (hint: string, status = 400): CatalogueEntry => ({
  severity: "usage",
  retryable: false,
  hint,
  status,
});
const failure = (hint: string, status = 500): CatalogueEntry => ({
  severity: "failure",
  retryable: false,
  hint,
  status,
});
const retryable = (hint: string, status = 503): CatalogueEntry => ({
  severity: "failure",
  retryable: true,
  hint,
  status,
});

export const catalogue = {
  InvalidArgument: usage("see `longshore --help`"),
  InvalidPattern: usage("patterns follow the rules of .gitignore files"),
  InvalidKey: usage("give an Ed25519 key in PEM, as `openssl genpkey -algorithm ed25519` makes it"),
  UnknownScheme: usage("give a path, or a file://, s3://, az:// or gs:// URL"),
  DestinationInsideSource: usage("choose a destination outside the source"),
  OptionsDiffer: failure("repeat the command with the options of the first run, or choose another --name"),
  SourceNotFound: failure("check the path", 422),
  SourceUnreadable: failure("check its permissions, or run as a user who may read it", 422),
  SourceDiffers: failure("run it again when the source is at rest, or allow it with --differences record"),
  SourceChanged: failure(
    "the recorded data is gone from the source, so make a new export under another --name",
  ),
  TooManyParts: failure("choose a larger --part-size"),
  NotAnExport: failure("name the folder of one export, the one that holds manifest.json"),
  NotFinished: failure("run the same `longshore export` again, it continues where it stopped"),
  NotPlanned: retryable("plan the export first, then pack it"),
  NewerFormat: failure("use a newer longshore"),
  EntryNotFound: failure("`longshore ls` shows what the export holds", 404),
  Damaged: failure("run the same `longshore export` with --repair while the source still has the data"),
  LocationOccupied: failure("choose another --name or DESTINATION"),
  LocationBusy: retryable("wait for it to end, or stop it; this command then continues its work"),
  NoArchive: failure("use `longshore extract`, or copy its files/ folder"),
  TargetUnsafe: failure("remove it, or choose an empty folder"),
  EntryNotMade: failure("extract into a folder on another file system, or as root"),
  TargetExists: failure("remove it, or choose another output file"),
  DestinationFull: retryable("make room and run the same command again, it continues where it stopped"),
  DestinationReadOnly: failure("choose a destination that can be written"),
  DestinationDenied: failure("check its permissions, or run as a user who may write it"),
  DestinationGone: retryable("bring it back and run the same command again"),
  DestinationFailed: retryable("run the same command again, it continues where it stopped"),
  BucketNotFound: failure("create it, or check its name, the endpoint and the region", 422),
  CredentialsInvalid: failure(
    "give valid credentials in the environment or a profile, as the store's own tools take them",
    422,
  ),
  WrongRegion: failure("name the bucket's region in the location: ?region=…", 422),
  StoreDenied: failure("allow the operation in the policy of the bucket or of the credentials", 422),
  StoreUntrusted: failure("name the file of the authority's certificate: ?caBundle=FILE", 422),
  ClockSkewed: failure("set the clock of this machine", 422),
  StoreUnsupported: failure("use a store that can do it, or another --format"),
  StoreBusy: retryable("run the same command again later, it continues where it stopped"),
  StoreUnreachable: retryable(
    "check the endpoint, the network and the proxy if there is one, then run the same command again",
  ),
  StoreFailed: retryable("run the same command again, it continues where it stopped"),
  PublicEndpointUnreachable: retryable(
    "add publicEndpoint=URL, by which receivers reach the store, or delivery=relay to it in `longshore serve --allow`",
  ),
  PlaceUnfit: failure("choose another place for exports, or ask whoever runs this one"),
  UploadLost: retryable("run the same command again, it begins the upload afresh"),
  ScratchFailed: failure("make room there, or name another folder with --scratch"),
  OutputFailed: failure("make room, or write it elsewhere"),
  WorkerLost: retryable("run the same command again, it continues where it stopped"),
  StatementInvalid: failure("ask whoever made the export for its public key and compare"),
  PlaceNotAllowed: failure("choose a place inside what `longshore serve --allow` names", 422),
  PreviousNotFound: failure("name a finished Export of the same namespace", 422),
  InvalidDocument: usage("change what the message names; /openapi.json has every field", 422),
  InvalidRequest: usage("see /openapi.json for what is understood"),
  ResourceNotFound: failure("check the name and the namespace", 404),
  NotDownloadable: failure("download the files in a folder, or what a link leads to", 422),
  MethodNotAllowed: failure("use a method that Allow names", 405),
  AlreadyExists: failure("choose another name, or delete the other first", 409),
  Conflict: retryable("read it again and repeat the change", 409),
  PreconditionFailed: retryable("read it again and repeat the change", 412),
  WatchExpired: retryable("list again and watch from there", 410),
  IdempotencyMismatch: failure("use a new Idempotency-Key for another request", 422),
  Unauthenticated: failure("give a valid token in `Authorization: Bearer`, or a grant", 401),
  Forbidden: failure("ask whoever runs the server for a token with the right role", 403),
  GrantInvalid: failure("ask whoever gave it to you for a new one", 401),
  GrantExpired: failure("ask whoever gave it to you for a new one", 401),
  GrantRevoked: failure("ask whoever gave it to you for a new one", 401),
  GrantExhausted: failure("ask whoever gave it to you for one with a higher limit", 403),
  TooManyRequests: retryable("wait as long as Retry-After says", 429),
  TooLarge: failure("send less", 413),
  UnsupportedMediaType: failure("send application/json", 415),
  RangeNotSatisfiable: failure("ask for bytes that are there; Content-Range says how many", 416),
  AlreadyEnded: failure("`longshore describe export` says how it ended", 409),
  ExportNotReady: retryable("wait until it has succeeded", 409),
  InternalError: failure("look into the server's log"),
  ServerStopping: retryable("send it again in a moment"),
  ServerUnreachable: retryable("check the address in LONGSHORE_SERVER and that the server runs"),
  NotInstalled: failure("install it: `longshore install | kubectl apply --server-side -f -`", 404),
  ServerFailed: retryable("run the same command again, or look into the server's log"),
  DownloadIncomplete: retryable("run the same command again, it continues where it stopped"),
  ExportReplaced: failure("run the same command again, it keeps the parts that are still the same", 412),
  ExportFailed: failure("`longshore describe export` says more"),
  DataFolderBusy: retryable("stop the other `longshore serve`, or give this one another --data"),
  DataFolderFull: retryable("make room in the folder that --data names", 507),
  DataFolderFailed: failure("check the folder that --data names and its permissions"),
  ListenFailed: failure("choose another address to listen on"),
  OutputClosed: failure("let a reader take all of it, or write it to a file"),
  Interrupted: retryable("run the same command again, it continues where it stopped"),
} as const satisfies Record<string, CatalogueEntry>;

export type ErrorCode = keyof typeof catalogue;

/** An error of ours: `message` says what happened and where, `hint` what to do next, `cause` what it came from. */
export class LongshoreError extends Error {
  override readonly name = "LongshoreError";
  readonly code: ErrorCode;
  readonly hint: string;

  constructor(code: ErrorCode, message: string, options?: { cause?: unknown; hint?: string }) {
    super(message, options?.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.hint = options?.hint ?? catalogue[code].hint;
  }
}

/** Whether it is the error of ours with that code. */
export function hasCode<Code extends ErrorCode>(
  error: unknown,
  code: Code,
): error is LongshoreError & { readonly code: Code } {
  return error instanceof LongshoreError && error.code === code;
}

/** For `catch`: an error with that code is as good as no value, and every other is thrown on. */
export const undefinedIf =
  (code: ErrorCode) =>
  (error: unknown): undefined => {
    if (!hasCode(error, code)) throw error;
  };
