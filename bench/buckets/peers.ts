/** The peers that speak to buckets alone, and the server: whether they are there, and which. */
import type { Peer } from "../options.ts";
import { firstLine } from "../tools/version.ts";
import { missingServer } from "./server.ts";

interface Installed {
  /** One line, or undefined where it is not installed. */
  readonly version: (signal: AbortSignal) => Promise<string | undefined>;
}

export interface BucketPeer extends Installed {
  readonly name: Peer;
}

const isInstalled = (name: Peer, script: string): BucketPeer => ({
  name,
  version: (signal) => firstLine(`PATH="/usr/bin:$PATH"; ${script}`, signal),
});

/** Found where `bucketCommand` finds them. */
export const BUCKET_PEERS: readonly BucketPeer[] = [
  isInstalled("aws", "command -v aws > /dev/null; aws --version | cut -d' ' -f1 | tr / ' '"),
  isInstalled("s3cmd", "s3cmd --version"),
];

export const bucketServer: Installed & { readonly name: "swift" } = {
  name: "swift",
  version: async (signal) =>
    missingServer() === false
      ? firstLine(
          "printf 'OpenStack Swift %s' \"$(/usr/bin/python3 -c 'import swift; print(swift.__version__)')\"",
          signal,
        )
      : undefined,
};
