/** What is known of a file on the server, and whether an answer is still about that file. */
import { contentLength, contentRange, digestOfRepresentation, strongEtag } from "./answer-headers.ts";
import type { Answered } from "./ask-server.ts";

export interface RemoteFile {
  readonly url: URL;
  /** Whether its bytes are checked against a digest that does not come with them, so that tries may be pieced together untagged. */
  readonly isProvable: boolean;
  /** The server's strong tag of it. */
  etag: string | undefined;
  /** That of the store to which the server redirects. */
  storeEtag: string | undefined;
  size: number | undefined;
  /** In hex. */
  sha256: string | undefined;
}

export function remoteFile(url: URL, known: Partial<Omit<RemoteFile, "url">> = {}): RemoteFile {
  return {
    isProvable: false,
    etag: undefined,
    storeEtag: undefined,
    size: undefined,
    sha256: undefined,
    ...known,
    url,
  };
}

/** Whether bytes that came before may stand beside bytes that come now. */
export function mayResume({ isProvable, etag, storeEtag, sha256 }: RemoteFile): boolean {
  return isProvable || etag !== undefined || storeEtag !== undefined || sha256 !== undefined;
}

/** Where the answer's bytes begin and end in the file; undefined where it does not say so rightly. */
export interface Slice {
  readonly first: number;
  /** After its last byte; undefined where only the end of the answer will tell. */
  readonly end: number | undefined;
}

/** Learns from the answer what was not known; false where it is about another file than before. */
export function learn(file: RemoteFile, answered: Answered): boolean {
  const { etag, size, sha256 } = said(answered);
  const tagName = answered.isForeign ? "storeEtag" : "etag";
  const isSame = agrees(file[tagName], etag) && agrees(file.size, size) && agrees(file.sha256, sha256);
  if (!isSame) return false;
  file[tagName] ??= etag;
  file.size ??= size;
  file.sha256 ??= sha256;
  return true;
}

function said({ answer, isForeign }: Answered): Pick<RemoteFile, "etag" | "size" | "sha256"> {
  const { headers, status } = answer;
  return {
    etag: strongEtag(headers["etag"]),
    size:
      status === 206
        ? contentRange(headers["content-range"])?.total
        : contentLength(headers["content-length"]),
    sha256: isForeign ? undefined : digestOfRepresentation(headers["repr-digest"]),
  };
}

export function sliceOf({ answer }: Answered): Slice | undefined {
  const { status, headers } = answer;
  if ((headers["content-encoding"] ?? "identity") !== "identity") return undefined;
  if (status === 200) return { first: 0, end: contentLength(headers["content-length"]) };
  const range = contentRange(headers["content-range"]);
  return range === undefined ? undefined : { first: range.first, end: range.last + 1 };
}

/** Nothing that was learned holds any longer. */
export function forget(file: RemoteFile): void {
  file.etag = undefined;
  file.storeEtag = undefined;
  file.size = undefined;
  file.sha256 = undefined;
}

const agrees = <T>(known: T | undefined, said: T | undefined): boolean =>
  known === undefined || said === undefined || known === said;
