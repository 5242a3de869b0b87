import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { type InProcessResult, runInProcess } from "../../../test/fixtures/in-process.ts";
import { installCommand } from "./install.ts";
import { uninstallCommand } from "./uninstall.ts";

const settings = [
  { key: "image", meaning: "what runs", standard: "" },
  { key: "namespace", meaning: "where", standard: "" },
];
const echo = async (given: object): Promise<string> => JSON.stringify(given);
const runs = (...argv: string[]): Promise<InProcessResult> =>
  runInProcess(argv, {
    extraCommands: (context) => [
      installCommand(context, { settings, manifests: echo }),
      uninstallCommand(context, { script: echo }),
    ],
  });

suite("longshore install and uninstall", () => {
  const cases: Record<string, [argv: string[], given: object]> = {
    "nothing chosen": [[], {}],
    "settings, the last of two": [
      ["--set", "image=a", "--set", "image=b=c", "--set", "namespace="],
      { image: "b=c", namespace: "" },
    ],
  };
  for (const command of ["install", "uninstall"])
    for (const [what, [argv, given]] of Object.entries(cases))
      test(`${command}: ${what}`, async () => {
        const { code, stdout, stderr } = await runs(command, ...argv);
        assert.deepEqual([code, JSON.parse(stdout), stderr], [0, given, ""]);
      });

  for (const wrong of ["image", "=x"])
    test(`--set ${wrong} is wrong usage`, async () => {
      const { code, stdout, stderr } = await runs("install", "--set", wrong);
      assert.deepEqual([code, stdout], [2, ""]);
      assert.match(stderr, /^longshore: --set ".*" is not KEY=VALUE/);
    });

  test("help has every setting", async () => {
    const { stdout } = await runs("install", "--help");
    assert.match(stdout, /^ {2}image {6}what runs$/m);
    assert.match(stdout, /^ {2}namespace {2}where$/m);
  });
});
