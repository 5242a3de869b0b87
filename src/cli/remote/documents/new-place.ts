/** Makes a spec's places of what a person wrote. */
import type { NewExportDestination } from "../../../api/documents.ts";
import { LongshoreError } from "../../../domain/errors.ts";
import { parseBucketLocation } from "../../../domain/location.ts";
import { parseVolumeLocation } from "../../../domain/volume-location.ts";

type GivenPlace = NewExportDestination["spec"];

/** What it is for. */
export interface Home {
  /** Of the document that names the place. */
  readonly namespace: string;
  readonly isCluster: boolean;
}

export interface PlaceText {
  /** Errors name it. */
  readonly option: string;
  readonly text: string;
  /** Name of a Secret. */
  readonly credentials?: string | undefined;
}

/** A claim of a pvc:// location, a bucket of a URL, else a folder. Throws InvalidArgument, which repeats no secret. */
export function newPlace(given: PlaceText, home: Home): GivenPlace {
  const { option, text, credentials } = given;
  if (isBucket(given)) return newBucket(given);
  if (credentials !== undefined)
    throw new LongshoreError("InvalidArgument", `${option}-credentials go with a bucket alone`, {
      hint: `leave them out, or name a bucket in ${option} by its s3://, az:// or gs:// URL`,
    });
  return text.startsWith("pvc:") ? newVolume(given, home) : newDirectory(given, home);
}

/** Throws InvalidArgument. */
export function newBucket(given: PlaceText): GivenPlace {
  const { option, text, credentials } = given;
  if (!isBucket(given))
    throw new LongshoreError("InvalidArgument", `${option} is no s3://, az:// or gs:// URL`);
  return {
    bucket: {
      url: text,
      ...(credentials === undefined ? undefined : { credentialsSecretRef: { name: credentials } }),
    },
  };
}

/** `pvc:///CLAIM/PATH` is the claim of the document's own namespace, which no other can be. Throws InvalidArgument. */
export function newVolume({ option, text }: PlaceText, { namespace }: Home): GivenPlace {
  const location = translated(option, () =>
    parseVolumeLocation(text.replace(/^pvc:\/\/\//, `pvc://${namespace}/`)),
  );
  if (location === undefined)
    throw new LongshoreError("InvalidArgument", `${option} ${JSON.stringify(text)} is no pvc:// location`, {
      hint: "name a claim as pvc://NAMESPACE/CLAIM/PATH",
    });
  if (location.namespace !== namespace)
    throw new LongshoreError(
      "InvalidArgument",
      `${option} is a claim of the namespace ${location.namespace}, and this is for ${namespace}`,
      { hint: `give --namespace ${location.namespace}: nothing reaches into another namespace` },
    );
  const { claim, path } = location;
  return { volume: { claimName: claim, ...(path === "" ? undefined : { path }) } };
}

/** A path as it stands on the server's machine, where our working directory means nothing. Throws InvalidArgument. */
export function newDirectory({ option, text }: PlaceText, { isCluster }: Home): GivenPlace {
  // What has a scheme may have a password as well.
  const shown = text.includes("://") ? "" : ` ${JSON.stringify(text)}`;
  if (isCluster)
    throw new LongshoreError("InvalidArgument", `${option}${shown} is no place that a cluster has`, {
      hint: "name a claim as pvc://NAMESPACE/CLAIM/PATH, or a bucket by its s3://, az:// or gs:// URL",
    });
  if (text.startsWith("/")) return { directory: { path: text } };
  throw new LongshoreError("InvalidArgument", `${option}${shown} is no absolute path`, {
    hint: "name the folder as the server's machine has it, from / on, or a bucket by its s3://, az:// or gs:// URL",
  });
}

const isBucket = ({ option, text }: PlaceText): boolean =>
  translated(option, () => parseBucketLocation(text)) !== undefined;

/** With the option in the message. */
function translated<T>(option: string, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (!(error instanceof LongshoreError)) throw error;
    throw new LongshoreError(error.code, `${option}: ${error.message}`, { cause: error, hint: error.hint });
  }
}
