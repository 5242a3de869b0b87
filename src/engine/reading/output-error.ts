/** Says what the system's error means for a file that we write or read on this machine. */
import { type ErrorCode, LongshoreError } from "../../domain/errors.ts";

const meanings: Record<string, { code: ErrorCode; text: string }> = {
  ENOSPC: { code: "DestinationFull", text: "can't be written: there is no room" },
  EDQUOT: { code: "DestinationFull", text: "can't be written: the quota is used up" },
  EROFS: { code: "DestinationReadOnly", text: "can't be written: the file system is read-only" },
  EACCES: { code: "DestinationDenied", text: "can't be opened: permission denied" },
  EPERM: { code: "DestinationDenied", text: "can't be opened: the system does not allow it" },
  ENOENT: { code: "DestinationGone", text: "is not there" },
  ENOTDIR: { code: "DestinationGone", text: "lies in no folder" },
  ELOOP: { code: "TargetUnsafe", text: "can't be written: a symbolic link stands beside it" },
};

export function outputError(error: unknown, file: string): unknown {
  if (error instanceof LongshoreError || !(error instanceof Error) || error.name === "AbortError")
    return error;
  const { code } = error as NodeJS.ErrnoException;
  if (code === undefined) return error;
  const meaning = meanings[code] ?? { code: "DestinationFailed", text: `failed with ${code}` };
  return new LongshoreError(meaning.code, `${file} ${meaning.text}`, { cause: error });
}
