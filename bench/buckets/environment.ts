/** Files and variables by which every tool finds the server, and nothing of what the user has set up. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Command } from "../children.ts";
import type { BucketJob } from "./tool.ts";

/** Debian's own packages come first, wherever else a tool of this name may lie. */
const PATH = 'PATH="/usr/bin:$PATH"';

/** `$SOURCE`, `$OUT`, `$ENDPOINT`, `$BUCKET` and `$FOLDER` are there for all; `$CONFIG` is the folder of `writeConfigurations`. */
export function bucketCommand({ data, bucket, folder, out, temporary }: BucketJob, script: string): Command {
  return {
    script: `export ${PATH}\n${script}`,
    env: {
      ...bucket.server.env,
      // Whoever trusts an authority of their own has named it here, and some tools refuse to start then.
      AWS_CA_BUNDLE: "",
      AWS_CONFIG_FILE: join(temporary, "aws.conf"),
      RCLONE_CONFIG: join(temporary, "rclone.conf"),
      RCLONE_CACHE_DIR: join(temporary, "rclone-cache"),
      CONFIG: temporary,
      ENDPOINT: bucket.server.endpoint,
      BUCKET: bucket.name,
      FOLDER: folder,
      SOURCE: data.path,
      OUT: out,
      TMPDIR: temporary,
    },
  };
}

/** Path style and nothing else that a tool does not do by itself. */
export async function writeConfigurations({ bucket, temporary }: BucketJob): Promise<void> {
  const { endpoint, region, accessKeyId, secretAccessKey } = bucket.server;
  const host = new URL(endpoint).host;
  await mkdir(temporary, { recursive: true });
  await writeFile(
    join(temporary, "aws.conf"),
    `[default]\nregion = ${region}\ns3 =\n    addressing_style = path\n`,
  );
  await writeFile(
    join(temporary, "rclone.conf"),
    `[s]\ntype = s3\nprovider = Other\naccess_key_id = ${accessKeyId}\nsecret_access_key = ${secretAccessKey}\nregion = ${region}\nendpoint = ${endpoint}\nforce_path_style = true\nno_check_bucket = true\n`,
  );
  await writeFile(
    join(temporary, "s3cfg"),
    `[default]\naccess_key = ${accessKeyId}\nsecret_key = ${secretAccessKey}\nhost_base = ${host}\nhost_bucket = ${host}\nbucket_location = ${region}\nuse_https = False\nsignature_v2 = False\n`,
  );
}
