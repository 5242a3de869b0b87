/** What a location says of new objects: encryption at rest, storage class, tags. */
import type { ServerSideEncryption, StorageClass } from "@aws-sdk/client-s3";
import type { BucketLocation } from "../../../domain/location.ts";

export interface NewObjectInput {
  readonly ServerSideEncryption?: ServerSideEncryption;
  readonly SSEKMSKeyId?: string;
  readonly StorageClass?: StorageClass;
  /** As in a query. */
  readonly Tagging?: string;
}

export function newObjectInput({ parameters }: BucketLocation): NewObjectInput {
  const { sse, sseKmsKeyId, storageClass, tags } = parameters;
  return {
    ...(sse === undefined ? undefined : { ServerSideEncryption: sse as ServerSideEncryption }),
    ...(sseKmsKeyId === undefined ? undefined : { SSEKMSKeyId: sseKmsKeyId }),
    ...(storageClass === undefined ? undefined : { StorageClass: storageClass as StorageClass }),
    ...(tags === undefined ? undefined : { Tagging: new URLSearchParams(tags).toString() }),
  };
}
