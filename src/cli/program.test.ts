import assert from "node:assert/strict";
import { test } from "node:test";
import { Command } from "@commander-js/extra-typings";
import { runInProcess } from "../../test/fixtures/in-process.ts";

/** Every command and what it may be told next: "create", "create export" … */
const commands = [
  "",
  "export",
  "verify",
  "ls",
  "extract",
  "download",
  "completion",
  "get",
  ...["exports", "destinations", "grants", "tokens", "audit", "files"].map((kind) => `get ${kind}`),
  "create",
  ...["export", "destination", "grant", "token"].map((kind) => `create ${kind}`),
  "delete",
  ...["export", "destination", "grant", "token"].map((kind) => `delete ${kind}`),
  "describe",
  ...["export", "destination", "grant"].map((kind) => `describe ${kind}`),
  ...["watch", "logs", "cancel", "suspend", "resume"].flatMap((verb) => [verb, `${verb} export`]),
];

test("every command helps, with an example of itself, without a server", async () => {
  for (const command of commands) {
    const words = command === "" ? [] : command.split(" ");
    const { code, stdout, stderr } = await runInProcess([...words, "--help"]);
    assert.deepEqual([code, stderr], [0, ""], command);
    assert.match(stdout, /^Usage: longshore/, command);
    assert.match(stdout, new RegExp(`\nExamples:\n(?:.*\n)*?.*longshore ${command}`), command);
    for (const line of stdout.split("\n")) assert.ok(line.length <= 130, `${command}: ${line}`);
  }
});

/** What only `longshore` has: what works on files of its machine, and what servers alone know. */
const notOfPlugin = /^(export|verify|ls|extract|download|completion)$|(tokens?|audit|files)$/;

test("the plugin's commands help under its own name, and those of files say where they are", async () => {
  for (const command of commands.filter((name) => !notOfPlugin.test(name))) {
    const words = command === "" ? [] : command.split(" ");
    const { code, stdout } = await runInProcess([...words, "--help"], { program: "kubectl longshore" });
    assert.equal(code, 0, command);
    assert.match(stdout, /^Usage: kubectl longshore/, command);
    assert.match(stdout, new RegExp(`\nExamples:\n(?:.*\n)*?.*kubectl longshore ${command}`), command);
    assert.doesNotMatch(stdout, /(?<!kubectl )\blongshore (get|create|watch|delete|describe|logs)/, command);
    assert.doesNotMatch(stdout, /LONGSHORE_SERVER|--server|--token-file|\b(tokens?|audit)\b/, command);
    for (const line of stdout.split("\n")) assert.ok(line.length <= 130, `${command}: ${line}`);
  }
  const { code, stderr } = await runInProcess(["ls", "/x"], { program: "kubectl longshore" });
  assert.deepEqual(
    [code, stderr],
    [2, "longshore: `ls` is no command of the plugin, it works on this machine: run `longshore ls`\n"],
  );
});

test("a verb without a kind, and a kind that is none, are wrong usage", async () => {
  for (const verb of ["get", "describe", "watch", "create", "cancel", "suspend", "resume", "delete"]) {
    for (const rest of [[], ["pod", "x"]]) {
      const { code, stdout } = await runInProcess([verb, ...rest]);
      assert.deepEqual([code, stdout], [2, ""], `${verb} ${rest.join(" ")}`);
    }
  }
});

test("commands of others have their place", async () => {
  let ran = 0;
  const extraCommands = () => [new Command("serve").description("serves").action(() => void ran++)];
  const { code } = await runInProcess(["serve"], { extraCommands });
  assert.deepEqual([code, ran], [0, 1]);
  const { stdout } = await runInProcess(["--help"], { extraCommands });
  assert.match(stdout, /^ {2}serve +serves$/m);
});
