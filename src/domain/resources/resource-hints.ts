/** What to do next in the words of a spec: the catalogue says it to whoever runs a command, and a condition is read by others. */
import { catalogue, type ErrorCode } from "../errors.ts";

const again = "it is tried again by itself";

const hints: { readonly [C in ErrorCode]?: string } = {
  InvalidArgument: "change what it names in the spec",
  OptionsDiffer: "make the Export under another name",
  SourceUnreadable:
    "check its permissions, or choose another user in workers.securityContext or workers.readAs",
  SourceDiffers: "make the Export again when the source is at rest, or with spec.differences: Record",
  SourceChanged: "the recorded data is gone from the source, so make a new Export under another name",
  TooManyParts: "make the Export under another name with a larger spec.partSize",
  Damaged: "delete the Export and make it again while the source still has the data",
  LocationOccupied: "choose another name for the Export, or another destination",
  DestinationDenied: "check its permissions, or choose another user or group in workers.securityContext",
  DestinationFull: `make room; ${again}`,
  DestinationGone: `bring it back; ${again}`,
  DestinationFailed: again,
  CredentialsInvalid:
    "give valid credentials in the Secret of credentialsSecretRef, or ask whoever runs the server",
  WrongRegion: "name the bucket's region in its url: ?region=…",
  StoreDenied:
    "allow it in the policy of the bucket or of the credentials; a cluster asks as nobody where credentialsSecretRef is missing",
  StoreUntrusted: "use an endpoint whose certificate is trusted, or ask whoever runs the server to trust it",
  ClockSkewed: "have the clock set where the worker runs",
  StoreUnsupported: "use a store that can do it, or another spec.format",
  StoreBusy: again,
  StoreUnreachable: `check the endpoint, the network and the proxy if there is one; ${again}`,
  StoreFailed: again,
  UploadLost: again,
  ScratchFailed: "have room made where the worker runs",
  WorkerLost: again,
  Interrupted: again,
  InternalError: "look into the log of the server, or of the operator and its workers",
};

/** `said` is what the error itself says, which stays where it is not meant for a command line. */
export const resourceHint = (code: ErrorCode, said: string = catalogue[code].hint): string =>
  hints[code] ?? said;
