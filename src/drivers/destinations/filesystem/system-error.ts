/** Says what the system's error means for a destination. */
import { type ErrorCode, LongshoreError } from "../../../domain/errors.ts";

const meanings: Record<string, { code: ErrorCode; text: string }> = {
  ENOSPC: { code: "DestinationFull", text: "is full" },
  EDQUOT: { code: "DestinationFull", text: "has used up its quota" },
  EROFS: { code: "DestinationReadOnly", text: "is read-only" },
  EACCES: { code: "DestinationDenied", text: "may not be written" },
  EPERM: { code: "DestinationDenied", text: "may not be written" },
  ENOENT: { code: "DestinationGone", text: "is gone" },
  ESTALE: { code: "DestinationGone", text: "is gone" },
  ENOTDIR: { code: "DestinationGone", text: "is no folder" },
  ENODEV: { code: "DestinationGone", text: "is gone" },
};

/** An error of the catalogue for whatever the system said about `name` in `folder`. */
export function destinationError(error: unknown, folder: string, name: string): LongshoreError {
  if (error instanceof LongshoreError) return error;
  const code = (error as NodeJS.ErrnoException).code ?? "unknown";
  const meaning = meanings[code] ?? { code: "DestinationFailed", text: `failed with ${code}` };
  return new LongshoreError(
    meaning.code,
    `the destination ${folder} ${meaning.text} (at ${name || "its root"})`,
    {
      cause: error,
    },
  );
}

export function isMissing(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === "ENOENT";
}
