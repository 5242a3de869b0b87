import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { optionsOf } from "../../../test/fixtures/packing.ts";
import { taskEnvironment, taskFrom, type WorkerTask } from "./worker-task.ts";

const task = (include: readonly string[]): WorkerTask => ({
  kind: "export",
  job: {
    exportUid: "uid-1",
    owner: "cluster/namespace/uid-1",
    attempt: 2,
    namespace: "team",
    name: "reports",
    source: "pvc://team/source",
    location: "s3://bucket/team/reports",
    options: { ...optionsOf({}), include: [...include], exclude: [] },
    workers: 4,
    ways: { "pvc://team/source": "/var/run/longshore/source/./" },
  },
});

const asEnvironment = (given: WorkerTask): Record<string, string> =>
  Object.fromEntries(taskEnvironment(given).map(({ name, value }) => [name, value]));

test("whatever the request says, it comes out of the environment as it was", () => {
  const pattern = fc.string({ unit: "binary", maxLength: 400 });
  fc.assert(
    fc.property(fc.array(fc.oneof(pattern, fc.constant("$(HOME)$$(X)"))), (include) => {
      const variables = asEnvironment(task(include));
      for (const value of Object.values(variables)) assert.match(value, /^[ -#%-~]*$/);
      assert.deepEqual(taskFrom(variables), task(include));
    }),
  );
});

test("a long request takes several variables, and one that no pod can be told is refused", () => {
  const long = task(Array.from({ length: 1000 }, (_, i) => `${i}`.padEnd(700, "x")));
  const variables = asEnvironment(long);
  assert.deepEqual(Object.keys(variables).slice(0, 2), ["LONGSHORE_JOB", "LONGSHORE_JOB_1"]);
  for (const value of Object.values(variables)) assert.ok(value.length < 128 * 1024);
  assert.deepEqual(taskFrom(variables), long);
  const longer = task(Array.from({ length: 1000 }, () => "ü".repeat(500)));
  assert.throws(() => taskEnvironment(longer), { code: "InvalidDocument", message: /more than a pod/ });
});

test("an environment without a job, or with half of one, is refused", () => {
  for (const environment of [
    {},
    { LONGSHORE_JOB: "{" },
    { LONGSHORE_JOB: '{"kind":"export"}' },
    { LONGSHORE_JOB: '{"kind":"cleanup","place":{"location":"x","owner":"y","ways":{},"more":1}}' },
  ])
    assert.throws(() => taskFrom(environment), { code: "InvalidArgument" });
});
