/** The one catalogue of everything that can go wrong: what happened, whether a retry may help, and what to do next. */
type Severity = "usage" | "failure";

interface CatalogueEntry {
  /** `usage` ends the command line with 2, `failure` with 1. */
  readonly severity: Severity;
  /** Whether the same call may succeed later without anyone changing anything. */
  readonly retryable: boolean;
  readonly hint: string;
}

const usage = (hint: string): CatalogueEntry => ({ severity: "usage", retryable: false, hint });
const failure = (hint: string): CatalogueEntry => ({ severity: "failure", retryable: false, hint });
const retryable = (hint: string): CatalogueEntry => ({ severity: "failure", retryable: true, hint });

export const catalogue = {
  InvalidArgument: usage("see `longshore --help`"),
  InvalidPattern: usage("patterns follow the rules of .gitignore files"),
  InvalidKey: usage("give an Ed25519 key in PEM, as `openssl genpkey -algorithm ed25519` makes it"),
  UnknownScheme: usage("give a path or a file:// URL"),
  DestinationInsideSource: usage("choose a destination outside the source"),
  OptionsDiffer: failure("repeat the command with the options of the first run, or choose another --name"),
  SourceNotFound: failure("check the path"),
  SourceUnreadable: failure("check its permissions, or run as a user who may read it"),
  SourceDiffers: failure("run it again when the source is at rest, or allow it with --differences record"),
  SourceChanged: failure(
    "the recorded data is gone from the source, so make a new export under another --name",
  ),
  TooManyParts: failure("choose a larger --part-size"),
  NotAnExport: failure("name the folder of one export, the one that holds manifest.json"),
  NotFinished: failure("run the same `longshore export` again, it continues where it stopped"),
  NewerFormat: failure("use a newer longshore"),
  EntryNotFound: failure("`longshore ls` shows what the export holds"),
  Damaged: failure("run the same `longshore export` with --repair while the source still has the data"),
  LocationOccupied: failure("choose another --name or DESTINATION"),
  LocationBusy: retryable("wait for it to end, or stop it; this command then continues its work"),
  NoArchive: failure("use `longshore extract`, or copy its files/ folder"),
  ServerUnsupported: failure("use curl, or name the export's folder"),
  TargetUnsafe: failure("remove it, or choose an empty folder"),
  EntryNotMade: failure("extract into a folder on another file system, or as root"),
  TargetExists: failure("remove it, or choose another output file"),
  DestinationFull: retryable("make room and run the same command again, it continues where it stopped"),
  DestinationReadOnly: failure("choose a destination that can be written"),
  DestinationDenied: failure("check its permissions, or run as a user who may write it"),
  DestinationGone: retryable("bring it back and run the same command again"),
  DestinationFailed: retryable("run the same command again, it continues where it stopped"),
  ScratchFailed: failure("make room there, or name another folder with --scratch"),
  OutputFailed: failure("make room, or write it elsewhere"),
  WorkerLost: retryable("run the same command again, it continues where it stopped"),
  StatementInvalid: failure("ask whoever made the export for its public key and compare"),
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
