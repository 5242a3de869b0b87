/** URLs by which anyone can read one blob for a while: signed here, nothing is asked. */
import { BlobSASPermissions, generateBlobSASQueryParameters, SASProtocol } from "@azure/storage-blob";
import type { BucketLocation } from "../../../domain/location.ts";
import type { PresignTerms } from "../../../domain/ports/destination.ts";
import type { ObjectStore } from "../../../domain/ports/object-store.ts";
import { blobUrl, type Container } from "./container.ts";

/** As long as other stores allow. */
const longest = 7 * 24 * 3600;

/**
 * Undefined where there is no account key: a SAS token can't be made into a smaller one, and its own is not for others.
 * `publicEndpoint` is how receivers reach the store, where that is another way than ours.
 */
export function presigner(container: Container, { parameters }: BucketLocation): ObjectStore["presign"] {
  if (container.sharedKey === undefined) return undefined;
  const { publicEndpoint } = parameters;
  return async (key, terms, signal) => {
    await Promise.resolve();
    signal.throwIfAborted();
    const expiresInSeconds = Math.min(longest, Math.max(1, Math.floor(terms.expiresInSeconds)));
    const from = { bucket: container.name, key };
    return grantedUrl(container, from, { ...terms, expiresInSeconds }, publicEndpoint);
  };
}

/** With what lets anybody read it, where we can make that; else as we ourselves would ask. */
export function grantedUrl(
  container: Container,
  { bucket, key }: { readonly bucket: string; readonly key: string },
  { expiresInSeconds, contentDisposition, contentType }: PresignTerms,
  publicEndpoint?: string,
): string {
  const url = blobUrl(container, bucket, key);
  if (container.sharedKey === undefined) return url.href;
  const grant = {
    containerName: bucket,
    blobName: key,
    permissions: BlobSASPermissions.parse("r"),
    expiresOn: new Date(container.now() + expiresInSeconds * 1000),
    ...(contentDisposition === undefined ? undefined : { contentDisposition }),
    ...(contentType === undefined ? undefined : { contentType }),
  };
  const place = publicEndpoint === undefined ? url : moved(url, container, bucket, publicEndpoint);
  const protocol = place.protocol === "https:" ? { protocol: SASProtocol.Https } : {};
  place.search = generateBlobSASQueryParameters({ ...grant, ...protocol }, container.sharedKey).toString();
  return place.href;
}

/** The same blob at another endpoint, whose path is the one of the account. */
function moved(url: URL, container: Container, bucket: string, endpoint: string): URL {
  const below = url.pathname.slice(container.urlOf(bucket).pathname.length);
  return new URL(`${endpoint.replace(/\/+$/, "")}/${encodeURIComponent(bucket)}${below}`);
}
