/** What a command doesn't need must not delay its start: which modules are loaded is seen by a hook in the process itself. */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { after, suite, test } from "node:test";
import { expectExit, run, temporaryFolder } from "../fixtures/run.ts";

const program = resolve(import.meta.dirname, "../../src/main/cli.ts");

suite("what is loaded", () => {
  const folder = temporaryFolder();
  after(() => folder[Symbol.asyncDispose]());
  const hook = folder.join("hook.mjs");
  writeFileSync(
    hook,
    `import { registerHooks } from "node:module";
    const loaded = [];
    registerHooks({ load(url, context, next) { loaded.push(url); return next(url, context); } });
    process.on("exit", () => process.stderr.write(loaded.join("\\n")));`,
  );
  const loadedBy = async (...argv: string[]): Promise<string> => {
    const env = {
      LONGSHORE_SERVER: "",
      LONGSHORE_TOKEN: "",
      KUBECONFIG: "",
      HOME: folder.path,
      KUBERNETES_SERVICE_HOST: "",
    };
    const result = await run(process.execPath, ["--import", hook, program, ...argv], { env });
    expectExit(result, 0, 2);
    assert.match(result.stderr, /src\/cli\/program\.ts/);
    return result.stderr;
  };
  const forServers =
    /\/src\/api\/|\/src\/gateway\/|\/node_modules\/(?:yaml|eventsource-parser|fastify|jose|prom-client)\//;

  for (const command of ["export", "verify", "ls", "extract"])
    test(`${command} loads nothing that is for servers`, async () => {
      const loaded = await loadedBy(command, "--help");
      assert.doesNotMatch(loaded, forServers);
      assert.doesNotMatch(loaded, /\/src\/cli\/server\//);
    });

  test("commands for servers load client and YAML only where they use them", async () => {
    assert.doesNotMatch(await loadedBy("get", "exports", "--help"), forServers);
    assert.doesNotMatch(await loadedBy("completion", "bash"), forServers);
    assert.doesNotMatch(await loadedBy("get", "exports"), /\/node_modules\/yaml\//);
    const server = ["--server", "http://127.0.0.1:1", "--token-file", folder.join("token")];
    writeFileSync(folder.join("token"), "a-token");
    assert.match(await loadedBy("create", "-f", "/dev/null", ...server), /\/node_modules\/yaml\//);
  });

  test("the way to clusters is loaded where one is talked to, and nowhere else", async () => {
    const plugin = "--kubectl-plugin";
    const forClusters =
      /\/src\/cluster\/(?!manifests\/install-settings\.ts|client\/choose-cluster\.ts)|\/node_modules\/@kubernetes\//;
    const without = [
      ["--version"],
      ["--help"],
      ["export", "--help"],
      ["get", "exports"],
      [plugin, "--version"],
      [plugin, "--help"],
      [plugin, "get", "exports", "--help"],
    ];
    for (const argv of without) assert.doesNotMatch(await loadedBy(...argv), forClusters, argv.join(" "));
    assert.match(await loadedBy(plugin, "get", "exports"), /\/src\/cluster\/commands\//);
  });
});
