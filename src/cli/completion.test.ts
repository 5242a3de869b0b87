import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { describe, test } from "node:test";
import { missingProgram } from "../../test/fixtures/run.ts";
import { completionScript, type Shell, shells } from "./completion.ts";

const commands = [
  {
    name: "export",
    description: "take a folder's content out: in parts [proved]",
    options: [
      { flag: "--name", description: "don't use 'SOURCE'" },
      { flag: "--part-size", description: 'a "size" such as $HOME or `64Mi`' },
    ],
  },
  { name: "ls", description: "what it holds", options: [] },
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
      for (const { name, options } of commands) {
        assert.ok(script.includes(name));
        for (const { flag } of options) assert.ok(script.includes(flag.replace(/^--/, "")), flag);
      }
    });
  });
}

test(
  "bash completes commands, then their options, and names of files",
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
    assert.deepEqual(complete("longshore", ""), ["export", "ls", "--help", "--version"]);
    assert.deepEqual(complete("longshore", "export", "--"), ["--name", "--part-size", "--help"]);
    assert.deepEqual(complete("longshore", "ls", "--"), ["--help"]);
    assert.deepEqual(complete("longshore", "export", "/etc/host"), complete("longshore", "ls", "/etc/host"));
    assert.ok(complete("longshore", "ls", "/etc/host").includes("/etc/hosts"));
  },
);
