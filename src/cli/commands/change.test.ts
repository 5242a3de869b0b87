import assert from "node:assert/strict";
import { test } from "node:test";
import { runInProcess } from "../../../test/fixtures/in-process.ts";
import { exportSpec, PlayedApi, succeeded } from "../../../test/fixtures/played-api.ts";

const run = (api: PlayedApi, line: string) =>
  runInProcess(line.split(" "), { server: { url: api.url, token: api.token } });
const specOf = (api: PlayedApi, namespace = "default") =>
  api.objects.get(`Export/${namespace}/reports`)?.spec;

test("cancel, suspend and resume change an export, of the namespace that is meant", async () => {
  await using api = await PlayedApi.start();
  api.put("Export", "reports", { spec: exportSpec });
  api.put("Export", "reports", { spec: exportSpec }, "team");
  assert.equal((await run(api, "suspend export reports -n team")).stdout, "export/reports suspended\n");
  assert.equal(specOf(api, "team")?.["suspend"], true);
  assert.equal((await run(api, "resume exp reports -n team")).stdout, "export/reports resumed\n");
  assert.equal(specOf(api, "team")?.["suspend"], false);
  assert.equal((await run(api, "cancel exports reports -n team")).stdout, "export/reports cancelled\n");
  assert.equal(specOf(api, "team")?.["cancel"], true);
  assert.deepEqual(specOf(api), exportSpec);
  const { code, stderr } = await run(api, "cancel export none");
  assert.deepEqual([code, stderr], [1, "longshore: there is no Export none: do what the test says\n"]);
});

test("delete removes each kind", async () => {
  await using api = await PlayedApi.start();
  api.put("ExportDestination", "outbox", { spec: { directory: { path: "/mnt" } } });
  api.put("DownloadGrant", "g1", { spec: { exportRef: { name: "x" }, expiresInSeconds: 1, revoked: false } });
  api.tokens.set("ci", { name: "ci", role: "reader", createdAt: "2026-01-31T12:00:00.000Z" });
  assert.equal((await run(api, "delete destination outbox")).stdout, "destination/outbox deleted\n");
  assert.equal((await run(api, "delete grant g1")).stdout, "grant/g1 deleted\n");
  assert.equal((await run(api, "delete token ci")).stdout, "token/ci deleted\n");
  assert.deepEqual([api.objects.size, api.tokens.size], [0, 0]);
  for (const line of ["delete destination outbox", "delete grant g1", "delete token ci", "delete export x"])
    assert.equal((await run(api, line)).code, 1, line);
});

test("delete export says that it has begun, and keeps the data where asked", async () => {
  await using api = await PlayedApi.start();
  api.put("Export", "reports", { spec: exportSpec });
  assert.equal((await run(api, "delete export reports")).stdout, "export/reports is being deleted\n");
  assert.equal(api.asked.at(-1)?.url, "/api/v1/namespaces/default/exports/reports");
  await run(api, "delete export reports --keep-data");
  assert.equal(specOf(api)?.["deletionPolicy"], "Retain");
});

test("delete export --wait ends when it is gone, also where another came in its place", async () => {
  for (const again of [false, true]) {
    await using api = await PlayedApi.start();
    api.put("Export", "reports", { spec: exportSpec, status: succeeded("True", "Succeeded") });
    const running = run(api, "delete export reports --wait");
    await api.untilStreams(1);
    if (again) {
      api.cutStreams();
      api.remove("Export", "reports");
      api.put("Export", "reports", { spec: exportSpec });
      api.forget();
    } else api.remove("Export", "reports");
    assert.deepEqual(await running, { code: 0, stdout: "export/reports deleted\n", stderr: "" });
  }
});

test("delete export --wait where it is gone at once", async () => {
  await using api = await PlayedApi.start();
  api.put("Export", "reports", { spec: exportSpec });
  const { metadata, ...rest } = api.put("Export", "reports");
  api.faults.push({ status: 202, body: JSON.stringify({ ...rest, metadata }) });
  api.remove("Export", "reports");
  assert.equal((await run(api, "delete export reports --wait")).stdout, "export/reports deleted\n");
});
