import assert from "node:assert/strict";
import { resolve } from "node:path";
import { describe, test } from "node:test";
import { type InProcessResult, runInProcess } from "../../../test/fixtures/in-process.ts";
import type { ServeOptions } from "../serve-options.ts";
import { serveCommand } from "./serve.ts";

/** What the server is asked for by these arguments; undefined where it is not begun. */
async function serve(
  ...argv: string[]
): Promise<{ result: InProcessResult; options: ServeOptions | undefined }> {
  let options: ServeOptions | undefined;
  const result = await runInProcess(["serve", ...argv], {
    extraCommands: (cli) => [
      serveCommand(cli, {
        dataFolder: "/var/lib/longshore",
        serve: async (given) => {
          options = given;
        },
      }),
    ],
  });
  return { result, options };
}

describe("serve --allow", () => {
  test("takes folders as whole paths and buckets in one spelling", async () => {
    const places = [
      "reports",
      "/mnt/handover/",
      "S3://handover/a%2F2026?region=eu-west-1&endpoint=https://store.example",
      "gs://lake",
    ];
    const { result, options } = await serve(...places.flatMap((place) => ["--allow", place]));
    assert.equal(result.code, 0, result.stderr);
    assert.deepEqual(options?.allow, [
      resolve("reports"),
      "/mnt/handover",
      "s3://handover/a/2026?endpoint=https://store.example&region=eu-west-1",
      "gs://lake",
    ]);
  });

  const wrong: Record<string, RegExp> = {
    "s3://handover/../x": /^longshore: --allow: the s3:\/\/ location has a \. or \.\. in its prefix: /,
    "s3://handover?regoin=x": /^longshore: --allow: a s3:\/\/ location has no parameter regoin: /,
    "s3://key:hunter2@handover": /^longshore: --allow: the s3:\/\/ location carries a user or a key/,
    "s3://handover?secret=hunter2":
      /^longshore: --allow: a s3:\/\/ location has no parameter secret: credentials come/,
  };
  for (const [place, message] of Object.entries(wrong))
    test(`refuses ${place} before anything is begun, and repeats no secret`, async () => {
      const { result, options } = await serve("--allow", place);
      assert.deepEqual([result.code, options], [2, undefined]);
      assert.match(result.stderr, message);
      assert.ok(!result.stderr.includes("hunter2"));
    });
});
