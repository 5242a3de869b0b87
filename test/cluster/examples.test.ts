/** Every manifest in examples/ is taken by a real API server. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { after, before, describe, test } from "node:test";
import { parseAllDocuments } from "yaml";
import { expectExit } from "../fixtures/run.ts";
import { openTestCluster, type TestCluster, type TestNamespace } from "./cluster.ts";
import { kubectl, noKubectl } from "./kubectl.ts";
import { installSystem } from "./system.ts";

const folder = resolve(import.meta.dirname, "../../examples");

describe("examples", { skip: noKubectl }, () => {
  let cluster: TestCluster;
  let namespace: TestNamespace;
  before(async () => {
    cluster = await openTestCluster();
    await installSystem(cluster);
    namespace = await cluster.namespace("b-examples");
  });
  after(async () => {
    await namespace[Symbol.asyncDispose]();
    await cluster[Symbol.asyncDispose]();
  });

  for (const name of readdirSync(folder))
    test(name, async () => {
      const text = readFileSync(join(folder, name), "utf8");
      const args = ["apply", "--dry-run=server", "-n", namespace.name, "-f", "-"];
      const { stdout, stderr } = expectExit(await kubectl(cluster, args, text), 0);
      assert.equal(stderr, "");
      assert.equal(stdout.toString().trimEnd().split("\n").length, parseAllDocuments(text).length);
    });
});
