/** Lets the store copy a blob of the same account by itself. */
import { ask, blobOf, type Container } from "./container.ts";
import { statusOf } from "./errors.ts";
import { grantedUrl } from "./presign.ts";

/** Seconds for which the store may read what it is told to copy. */
const copyTime = 3600;

export async function copyBlob(
  container: Container,
  from: { readonly bucket: string; readonly key: string },
  key: string,
  signal: AbortSignal,
): Promise<boolean> {
  // The store asks itself as anybody would: what grants access to the original stands in its URL.
  const source = grantedUrl(container, from, { expiresInSeconds: copyTime });
  return ask(
    container,
    {
      operation: "Copy Blob From URL",
      key,
      // The kind that has made the whole copy when it answers: nobody sees half of one.
      run: async (options) => {
        await blobOf(container, key).syncCopyFromURL(source, { ...container.newBlob, ...options });
        return true;
      },
      // Over 256 MiB, without permission, from behind a firewall: then the bytes have to go through us.
      rescue: (error) => {
        if (statusOf(error) >= 400 && statusOf(error) < 500) return false;
        throw error;
      },
    },
    signal,
  );
}
