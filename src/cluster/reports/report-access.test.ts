import assert from "node:assert/strict";
import { test } from "node:test";
import { workerJob } from "../../../test/fixtures/kube-jobs.ts";
import { optionsOf } from "../../../test/fixtures/packing.ts";
import { jobManifest } from "../jobs/job-manifest.ts";
import { stages } from "../jobs/worker-task.ts";

const job = workerJob({ export: { attempt: 0, options: optionsOf({}), workers: 2 } });
const reportUrl = "http://longshore-operator.longshore-system.svc:8081/report";

test("a worker that has something to tell gets an address, and a token that is good for that alone", () => {
  const told = stages.filter((stage) => {
    const silent = jobManifest(job, { image: "longshore:dev" }, stage).spec.template.spec;
    const { volumes, containers } = jobManifest(job, { image: "longshore:dev", reportUrl }, stage).spec
      .template.spec;
    const environment = containers[0]?.env.filter(({ name }) => name.startsWith("LONGSHORE_REPORT_"));
    if (environment?.length === 0) {
      assert.deepEqual(volumes, silent.volumes);
      return false;
    }
    const path = "/var/run/longshore/report";
    assert.deepEqual(environment, [
      { name: "LONGSHORE_REPORT_URL", value: reportUrl },
      { name: "LONGSHORE_REPORT_TOKEN_FILE", value: `${path}/token` },
    ]);
    const serviceAccountToken = { audience: "longshore-report", expirationSeconds: 600, path: "token" };
    const projected = { sources: [{ serviceAccountToken }] };
    assert.deepEqual(volumes, [...silent.volumes, { name: "report", projected }]);
    assert.deepEqual(containers[0]?.volumeMounts.at(-1), { name: "report", mountPath: path, readOnly: true });
    assert.equal(silent.containers[0]?.env.length, (containers[0]?.env.length ?? 0) - 2);
    return true;
  });
  assert.deepEqual(told, ["all", "plan", "pack"]);
});
