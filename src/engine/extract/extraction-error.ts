/** Says what the system's error means for an extraction: for one entry, or for all that follow too. */
import { displayName } from "../../domain/byte-string.ts";
import { type ErrorCode, LongshoreError } from "../../domain/errors.ts";
import { codeOf } from "./make-entry.ts";

const ofTheWhole: Record<string, { code: ErrorCode; text: string; hint: string }> = {
  ENOSPC: { code: "DestinationFull", text: "is full", hint: "make room and extract again" },
  EDQUOT: { code: "DestinationFull", text: "has used up its quota", hint: "make room and extract again" },
  EROFS: { code: "DestinationReadOnly", text: "is read-only", hint: "choose a folder that can be written" },
  EIO: { code: "DestinationFailed", text: "failed with EIO", hint: "check the disk and extract again" },
  EMFILE: { code: "DestinationFailed", text: "could not be opened: too many open files", hint: "raise `ulimit -n`" },
  ENFILE: { code: "DestinationFailed", text: "could not be opened: too many open files", hint: "close other programs" },
};

/** `EntryNotMade` for what concerns this entry alone. */
export function extractionError(error: unknown, folder: string, path: string): LongshoreError {
  const at = path === "" ? "" : ` at ${displayName(path)}`;
  if (error instanceof LongshoreError) {
    if (error.code !== "TargetUnsafe" || error.message.includes(folder)) return error;
    return new LongshoreError("TargetUnsafe", `${folder} is not safe to write to${at}: ${error.message}`, { cause: error });
  }
  if (error instanceof Error && error.name === "AbortError")
    return new LongshoreError("Interrupted", "the extraction was interrupted", { cause: error, hint: "run the same command again" });
  const code = codeOf(error);
  const meaning = ofTheWhole[code];
  if (meaning !== undefined) return new LongshoreError(meaning.code, `${folder} ${meaning.text}${at}`, { cause: error, hint: meaning.hint });
  if (path === "") {
    const denied = code === "EACCES" || code === "EPERM";
    const text = denied ? "may not be written" : code === "ENOTDIR" || code === "EEXIST" ? "is no folder" : `can't be used (${code})`;
    return new LongshoreError(denied ? "DestinationDenied" : "DestinationFailed", `${folder} ${text}`, { cause: error, hint: "choose another folder" });
  }
  const why = reasons[code] ?? (code === "" && error instanceof Error ? error.message : `failed with ${code}`);
  return new LongshoreError("EntryNotMade", `could not be made: ${why}`, { cause: error });
}

const reasons: Record<string, string> = {
  EACCES: "permission denied",
  EPERM: "the system does not allow it",
  ENAMETOOLONG: "the name is too long for this file system",
  EINVAL: "this file system does not take it",
  EILSEQ: "this file system does not take such names",
};
