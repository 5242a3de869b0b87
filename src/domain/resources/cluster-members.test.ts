import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { refuseClusterMembers } from "./cluster-members.ts";
import { ExportDestinationSpec } from "./export-destination.ts";
import { ExportSpec } from "./export.ts";

const bucket = { url: "s3://lake/x", credentialsSecretRef: { name: "key" } };
const volume = { claimName: "reports" };

const cases: Record<string, object> = {
  "spec.source.volume": { source: { volume } },
  "spec.source.bucket.credentialsSecretRef": { source: { bucket } },
  "spec.destination.volume": { destination: { volume } },
  "spec.destination.bucket.credentialsSecretRef": { destination: { bucket } },
  "spec.workers.nodeSelector": { workers: { nodeSelector: {} } },
  "spec.workers.readAs: Root": { workers: { readAs: "Root" } },
};

suite("one machine refuses what only a cluster can give", () => {
  const plain = { source: { directory: { path: "/srv" } }, destination: { name: "outbox" } };
  for (const [member, spec] of Object.entries(cases))
    test(member, () => {
      assert.throws(() => refuseClusterMembers(ExportSpec.parse({ ...plain, ...spec })), {
        code: "InvalidDocument",
        message: `${member} can only be had in a cluster`,
      });
    });

  test("of a destination", () => {
    assert.throws(() => refuseClusterMembers(ExportDestinationSpec.parse({ volume })), /spec\.volume can/);
    assert.throws(() => refuseClusterMembers(ExportDestinationSpec.parse({ bucket })), /spec\.bucket\.cred/);
  });

  test("and nothing else", () => {
    const workers = { mode: "Indexed", count: 4, readAs: "NonRoot" };
    refuseClusterMembers(ExportSpec.parse({ ...plain, workers }));
    refuseClusterMembers(ExportDestinationSpec.parse({ bucket: { url: "s3://lake/x" } }));
  });
});
