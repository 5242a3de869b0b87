/** Makes a spec's places of what a person wrote. */
import type { NewExportDestination } from "../../api/documents.ts";
import { LongshoreError } from "../../domain/errors.ts";
import { parseBucketLocation } from "../../domain/location.ts";

type GivenPlace = NewExportDestination["spec"];

/** A bucket of a URL, else a folder. Throws InvalidArgument, which names the option and repeats no secret. */
export function newPlace(option: string, text: string): GivenPlace {
  return isBucket(option, text) ? { bucket: { url: text } } : newDirectory(option, text);
}

/** Throws InvalidArgument. */
export function newBucket(option: string, text: string): GivenPlace {
  if (isBucket(option, text)) return { bucket: { url: text } };
  throw new LongshoreError("InvalidArgument", `${option} is no s3://, az:// or gs:// URL`);
}

/** A path as it stands on the server's machine, where our working directory means nothing. Throws InvalidArgument. */
export function newDirectory(option: string, path: string): GivenPlace {
  if (path.startsWith("/")) return { directory: { path } };
  // What has a scheme may have a password as well.
  const shown = path.includes("://") ? "" : ` ${JSON.stringify(path)}`;
  throw new LongshoreError("InvalidArgument", `${option}${shown} is no absolute path`, {
    hint: "name the folder as the server's machine has it, from / on, or a bucket by its s3://, az:// or gs:// URL",
  });
}

function isBucket(option: string, text: string): boolean {
  try {
    return parseBucketLocation(text) !== undefined;
  } catch (error) {
    if (!(error instanceof LongshoreError)) throw error;
    throw new LongshoreError(error.code, `${option}: ${error.message}`, { cause: error, hint: error.hint });
  }
}
