/**
 * What the guides tell people to type at a cluster: blocks marked `sh cluster`, in order, one guide after the other, with what
 * `longshore install` installs. The image is that of this working copy; volumes and the image of sample pods are the testbed's.
 */
import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { delimiter, dirname } from "node:path";
import { after, before, describe, test } from "node:test";
import { blocksOf, root } from "../docs/blocks.ts";
import { expectExit, longshoreProgram, shell, temporaryFolder } from "../fixtures/run.ts";
import { openTestCluster, type TestCluster } from "./cluster.ts";
import { noNode, testImage } from "./image.ts";
import { kubectl, kubectlEnvironment, noKubectl } from "./kubectl.ts";
import { systemOptions } from "./system.ts";
import { type TestVolumes, testVolumes } from "./volumes.ts";

const documentedImage = "longshore:0.1.0";
const documentedSamples = "busybox:1.37";
const testbedSamples = "local/busybox:1";
const documentedApply = "kubectl apply --server-side";
/** What other tests have installed is theirs. */
const forcedApply = `${documentedApply} --force-conflicts --field-manager=longshore`;

// The one that installs comes first.
const guides = globSync("docs/guides/kube*.md", { cwd: root }).toSorted(
  (a, b) => a.length - b.length || (a < b ? -1 : 1),
);

describe("the guides", { skip: noKubectl || noNode }, () => {
  let cluster: TestCluster;
  let volumes: TestVolumes;
  let image: string;
  const work = temporaryFolder();
  before(async () => {
    cluster = await openTestCluster();
    image = await testImage();
    volumes = testVolumes(cluster, "first-export");
    for (const claim of claimsOfGuides()) await volumes.reserve(claim);
  });
  after(async () => {
    const gone = ["delete", "deployment", "longshore-operator", "-n", systemOptions.namespace];
    await kubectl(cluster, [...gone, "--ignore-not-found", "--wait"]);
    await kubectl(cluster, ["delete", "namespace", "first-export", "--ignore-not-found", "--wait"]);
    await volumes[Symbol.asyncDispose]();
    await work[Symbol.asyncDispose]();
    await cluster[Symbol.asyncDispose]();
  });

  /** What follows it in the guides is not worth a try. */
  let failed: string | undefined;
  for (const document of guides)
    for (const { line, script } of blocksOf(document).filter(({ language }) => language === "sh cluster"))
      test(`${document}, line ${line}: ${script.split("\n")[0]}`, async () => {
        assert.equal(failed, undefined, "a command before it failed");
        failed = `line ${line}`;
        const command = script
          .replaceAll(documentedApply, forcedApply)
          .replaceAll(documentedImage, image)
          .replaceAll(documentedSamples, testbedSamples);
        const known = kubectlEnvironment(cluster);
        const env = { ...known, PATH: [dirname(longshoreProgram), known["PATH"]].join(delimiter) };
        const done = await shell(`set -eu\n${command}`, [], { cwd: work.path, env, timeoutMs: 300_000 });
        expectExit(done, 0);
        failed = undefined;
      });
});

/** A testbed makes no volumes by itself. */
function claimsOfGuides(): ReadonlySet<string> {
  const text = guides.map((guide) => readFileSync(`${root}/${guide}`, "utf8")).join("\n");
  const names = text.matchAll(/^kind: PersistentVolumeClaim\nmetadata: \{ name: ([a-z-]+) \}$/gm);
  return new Set([...names].map(([, name = ""]) => name));
}
