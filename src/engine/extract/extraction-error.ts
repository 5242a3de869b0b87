/** Says what the system's error means for an extraction: for one entry, or for all that follow too. */
import { displayName } from "../../domain/byte-string.ts";
import { type ErrorCode, LongshoreError } from "../../domain/errors.ts";
import { codeOf } from "./make-entry.ts";

const ofTheWhole: Record<string, { code: ErrorCode; text: string; hint: string }> = {
  ENOSPC: { code: "DestinationFull", text: "is full", hint: "make room and extract again" },
  EDQUOT: { code: "DestinationFull", text: "has used up its quota", hint: "make room and extract again" },
  EROFS: { code: "DestinationReadOnly", text: "is read-only", hint: "choose a folder that can be written" },
  EIO: { code: "DestinationFailed", text: "failed with EIO", hint: "check the disk and extract again" },
  EMFILE: {
    code: "DestinationFailed",
    text: "could not be opened: too many open files",
    hint: "raise `ulimit -n`",
  },
  ENFILE: {
    code: "DestinationFailed",
    text: "could not be opened: too many open files",
    hint: "close other programs",
  },
};

/** `EntryNotMade` for what concerns this entry alone. */
export function extractionError(error: unknown, folder: string, path: string): LongshoreError {
  const at = path === "" ? "" : ` at ${displayName(path)}`;
  if (error instanceof LongshoreError) {
    if (error.code !== "TargetUnsafe" || error.message.includes(folder)) return error;
    const message = `${folder} is not safe to write to${at}: ${error.message}`;
    return new LongshoreError("TargetUnsafe", message, { cause: error });
  }
  if (error instanceof Error && error.name === "AbortError") {
    const hint = "run the same command again";
    return new LongshoreError("Interrupted", "the extraction was interrupted", { cause: error, hint });
  }
  const code = codeOf(error);
  const meaning = ofTheWhole[code];
  if (meaning !== undefined) {
    const { hint } = meaning;
    return new LongshoreError(meaning.code, `${folder} ${meaning.text}${at}`, { cause: error, hint });
  }
  if (path === "") return folderError(error, folder);
  const text = code === "" && error instanceof Error ? error.message : `failed with ${code}`;
  return new LongshoreError("EntryNotMade", `could not be made: ${reasons[code] ?? text}`, { cause: error });
}

function folderError(cause: unknown, folder: string): LongshoreError {
  const code = codeOf(cause);
  const hint = "choose another folder";
  if (code === "EACCES" || code === "EPERM")
    return new LongshoreError("DestinationDenied", `${folder} may not be written`, { cause, hint });
  const text = code === "ENOTDIR" || code === "EEXIST" ? "is no folder" : `can't be used (${code})`;
  return new LongshoreError("DestinationFailed", `${folder} ${text}`, { cause, hint });
}

const reasons: Record<string, string> = {
  EACCES: "permission denied",
  EPERM: "the system does not allow it",
  ENAMETOOLONG: "the name is too long for this file system",
  EINVAL: "this file system does not take it",
  EILSEQ: "this file system does not take such names",
};
