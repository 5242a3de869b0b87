/** The tools that send a folder to a bucket and fetch it back, each as its manual says. */
import type { Command } from "../children.ts";
import type { ToolName } from "../tools/tool.ts";
import { bucketCommand } from "./environment.ts";
import { type BucketJob, type BucketTool, type Form, NAME } from "./tool.ts";

/** What its documentation says for a server near by: more of everything at once. */
const RCLONE_TUNED =
  "--transfers 32 --checkers 32 --s3-upload-concurrency 8 --s3-chunk-size 16M --multi-thread-streams 8";
const ARCHIVE = "archive.tar.zst";
const TAR = 'tar -C "$SOURCE" -cf - . | zstd -3 -T0 -q';

const plain = (name: ToolName, label: string, script: string): BucketTool => ({
  name,
  label,
  form: "files",
  command: (job) => bucketCommand(job, script),
});

const piped = (name: ToolName, label: string, script: string): BucketTool => ({
  ...plain(name, label, `${TAR} | ${script}`),
  form: "archive",
  object: ARCHIVE,
});

/** Those that send a folder; the pipelines are what people type who want one archive. */
export function sendingTools(longshore: string): readonly BucketTool[] {
  return [
    sendingLongshore(longshore, "archive"),
    sendingLongshore(longshore, "files"),
    plain("rclone", "rclone copy", 'rclone copy --quiet "$SOURCE" "s:$BUCKET/$FOLDER"'),
    plain(
      "rclone",
      "rclone copy, tuned",
      `rclone copy --quiet ${RCLONE_TUNED} "$SOURCE" "s:$BUCKET/$FOLDER"`,
    ),
    plain(
      "aws",
      "aws s3 cp --recursive",
      'aws --endpoint-url "$ENDPOINT" s3 cp --recursive --quiet "$SOURCE" "s3://$BUCKET/$FOLDER"',
    ),
    plain(
      "s3cmd",
      "s3cmd put -r",
      's3cmd -c "$CONFIG/s3cfg" put -r --quiet --no-progress "$SOURCE/" "s3://$BUCKET/$FOLDER"',
    ),
    piped(
      "aws",
      "tar | zstd | aws s3 cp -",
      `aws --endpoint-url "$ENDPOINT" s3 cp --quiet - "s3://$BUCKET/$FOLDER"${ARCHIVE}`,
    ),
    piped("rclone", "tar | zstd | rclone rcat", `rclone rcat --quiet "s:$BUCKET/$FOLDER"${ARCHIVE}`),
  ];
}

/** Those that fetch the objects of a folder as files. */
export function fetchingTools(longshore: string): readonly BucketTool[] {
  return [
    fetchingLongshore(longshore, "archive"),
    fetchingLongshore(longshore, "files"),
    plain("rclone", "rclone copy", 'rclone copy --quiet "s:$BUCKET/$FOLDER" "$OUT/target"'),
    plain(
      "rclone",
      "rclone copy, tuned",
      `rclone copy --quiet ${RCLONE_TUNED} "s:$BUCKET/$FOLDER" "$OUT/target"`,
    ),
    plain(
      "aws",
      "aws s3 cp --recursive",
      'aws --endpoint-url "$ENDPOINT" s3 cp --recursive --quiet "s3://$BUCKET/$FOLDER" "$OUT/target"',
    ),
    plain(
      "s3cmd",
      "s3cmd get -r",
      'mkdir "$OUT/target"; s3cmd -c "$CONFIG/s3cfg" get -r --quiet --no-progress "s3://$BUCKET/$FOLDER" "$OUT/target/"',
    ),
  ];
}

const formats: Readonly<Record<Form, string>> = { archive: "tar.zst", files: "files" };

function sendingLongshore(program: string, form: Form): BucketTool {
  return {
    name: "longshore",
    label: `longshore export --format ${formats[form]}`,
    form,
    command: (job) =>
      longshoreCommand(program, job, form, { from: job.data.path, to: job.bucket.location("") }),
    ...(form === "archive" ? { object: `${NAME}.tar.zst` } : undefined),
  };
}

function fetchingLongshore(program: string, form: Form): BucketTool {
  return {
    name: "longshore",
    label: `longshore export --format ${formats[form]}`,
    form,
    command: (job) =>
      longshoreCommand(program, job, form, { from: job.bucket.location(job.folder), to: job.out }),
  };
}

function longshoreCommand(
  program: string,
  job: BucketJob,
  form: Form,
  { from, to }: { readonly from: string; readonly to: string },
): Command {
  const { script, env } = bucketCommand(
    job,
    `"$LONGSHORE" export "$FROM" "$TO" --name ${NAME} --format ${formats[form]} --json > "$OUT/summary.json"`,
  );
  return { script, env: { ...env, LONGSHORE: program, FROM: from, TO: to } };
}
