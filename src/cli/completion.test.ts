import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { describe, test } from "node:test";
import { runInProcess } from "../../test/fixtures/in-process.ts";
import { missingProgram } from "../../test/fixtures/run.ts";
import { type CompletedCommand, completionScript, type Shell, shells } from "./completion.ts";

const commands: readonly CompletedCommand[] = [
  {
    name: "export",
    aliases: [],
    commands: [],
    description: "take a folder's content out: in parts [proved]",
    options: [
      { flag: "--name", description: "don't use 'SOURCE'" },
      { flag: "--part-size", description: 'a "size" such as $HOME or `64Mi`' },
    ],
  },
  { name: "ls", aliases: [], commands: [], description: "what it holds", options: [] },
  {
    name: "create",
    aliases: [],
    description: "make something",
    options: [{ flag: "--file", description: "what it is" }],
    commands: [
      {
        name: "grant",
        aliases: ["grants"],
        commands: [],
        description: "an address: it's [secret]",
        options: [{ flag: "--expires-in", description: "how long" }],
      },
      { name: "token", aliases: [], commands: [], description: "a token", options: [] },
    ],
  },
];

const check: Record<Shell, string[]> = { bash: ["-n"], zsh: ["-n"], fish: ["--no-execute"] };

for (const shell of shells) {
  describe(`the completion script for ${shell}`, () => {
    const script = completionScript(shell, commands);

    test("is a script of that shell", { skip: missingProgram(shell) }, () => {
      const { status, stderr } = spawnSync(shell, check[shell], { input: script });
      assert.equal(stderr.toString(), "");
      assert.equal(status, 0);
    });

    test("names every command and option", () => {
      for (const { name, options } of commands.flatMap((command) => [command, ...command.commands])) {
        assert.ok(script.includes(name));
        for (const { flag } of options) assert.ok(script.includes(flag.replace(/^--/, "")), flag);
      }
    });
  });
}

test(
  "bash completes commands, what they are told next, their options, and names of files",
  { skip: missingProgram("bash") },
  () => {
    const complete = (...words: string[]): string[] => {
      const asked = `${completionScript("bash", commands)}
      compopt() { :; }
      COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _longshore; printf '%s\\n' "\${COMPREPLY[@]}"`;
      const { stdout, stderr } = spawnSync("bash", ["-c", asked, "bash", ...words]);
      assert.equal(stderr.toString(), "");
      return stdout
        .toString()
        .split("\n")
        .filter((word) => word !== "");
    };
    assert.deepEqual(complete("longshore", "e"), ["export"]);
    assert.deepEqual(complete("longshore", ""), ["export", "ls", "create", "--help", "--version"]);
    assert.deepEqual(complete("longshore", "export", "--"), ["--name", "--part-size", "--help"]);
    assert.deepEqual(complete("longshore", "ls", "--"), ["--help"]);
    assert.deepEqual(complete("longshore", "export", "/etc/host"), complete("longshore", "ls", "/etc/host"));
    assert.ok(complete("longshore", "ls", "/etc/host").includes("/etc/hosts"));
    assert.deepEqual(complete("longshore", "create", ""), ["grant", "token", "--file", "--help"]);
    assert.deepEqual(complete("longshore", "create", "g"), ["grant"]);
    for (const word of ["grant", "grants"])
      assert.deepEqual(complete("longshore", "create", word, "--"), ["--expires-in", "--help"]);
    assert.deepEqual(complete("longshore", "create", "token", "--"), ["--help"]);
    assert.deepEqual(complete("longshore", "create", "--file", "--"), ["--file", "--help"]);
    assert.deepEqual(
      complete("longshore", "create", "grant", "/etc/host"),
      complete("longshore", "ls", "/etc/host"),
    );
  },
);

test("the program's own commands are completed", { skip: missingProgram("bash") }, async () => {
  for (const shell of shells) {
    const { stdout, code } = await runInProcess(["completion", shell]);
    assert.equal(code, 0);
    for (const word of [
      "get",
      "describe",
      "watch",
      "logs",
      "create",
      "cancel",
      "suspend",
      "resume",
      "delete",
      "expdest",
      "expires-in",
    ])
      assert.ok(stdout.includes(word), `${shell}: ${word}`);
    if (missingProgram(shell) !== false) continue;
    const { stderr, status } = spawnSync(shell, check[shell], { input: stdout });
    assert.deepEqual([stderr.toString(), status], ["", 0]);
  }
});
