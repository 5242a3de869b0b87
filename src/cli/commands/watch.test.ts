import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type InProcess, runInProcess } from "../../../test/fixtures/in-process.ts";
import { exportSpec, PlayedApi, succeeded } from "../../../test/fixtures/played-api.ts";

const watch = (api: PlayedApi, more: InProcess = {}) =>
  runInProcess(["watch", "export", "reports"], { server: { url: api.url, token: api.token }, ...more });

const progress = (bytes: number, planned = true) => ({
  progress: {
    plannedBytes: 1000,
    plannedFiles: 10,
    plannedParts: 4,
    planned,
    bytes,
    files: Math.floor(bytes / 100),
  },
  parts: { total: 4, succeeded: Math.floor(bytes / 250), reused: 0, failed: 0 },
});

const put = (api: PlayedApi, status: object): void =>
  void api.put("Export", "reports", { spec: exportSpec, status });

const ended = {
  ...succeeded("True", "Succeeded", "all is there"),
  files: 1234,
  differences: 0,
  parts: { total: 4, succeeded: 4, reused: 1, failed: 0 },
  bytes: { source: 2 ** 30, written: 2 ** 20, redone: 2048 },
  location: "/mnt/out/default/reports",
  archive: { file: "reports.tar.zst", size: 2 ** 20 },
  manifestDigest: "a".repeat(64),
};

describe("how it ended", () => {
  test("well: a summary, and 0", async () => {
    await using api = await PlayedApi.start();
    put(api, ended);
    const { code, stdout, stderr } = await watch(api);
    assert.equal(
      stdout,
      `reports Succeeded: 1,234 files, 1.0 GiB in 4 parts, 1 reused, 2.0 KiB done again
  in        /mnt/out/default/reports
  archive   reports.tar.zst, 1.0 MiB
  manifest  sha256:${"a".repeat(64)}
  next      \`longshore create grant reports\` makes a link to it
`,
    );
    assert.deepEqual([code, stderr], [0, ""]);
    assert.equal(api.streams, 0);
  });

  test("with differences: 3", async () => {
    await using api = await PlayedApi.start();
    put(api, { ...ended, differences: 2 });
    const { code, stdout } = await watch(api);
    assert.equal(code, 3);
    assert.match(stdout, /^ {2}2 entries were not as planned, /m);
  });

  test("failed or cancelled: 1, and why", async () => {
    for (const [reason, message] of [
      ["SourceNotFound", "there is no /srv/reports"],
      ["Cancelled", "somebody asked for it"],
    ] as const) {
      await using api = await PlayedApi.start();
      put(api, succeeded("False", reason, message));
      const { code, stdout, stderr } = await watch(api);
      assert.deepEqual([code, stdout], [1, ""]);
      assert.equal(
        stderr,
        `longshore: the export default/reports ended as ${reason}, ${message}: \`longshore describe export reports\` says more\n`,
      );
    }
  });

  test("there is none: 1", async () => {
    await using api = await PlayedApi.start();
    assert.equal((await watch(api)).code, 1);
  });
});

describe("on the way", () => {
  test("lines where there is no terminal, over a cut and an absence of the server", async () => {
    await using api = await PlayedApi.start();
    put(api, succeeded("Unknown", "Pending"));
    const running = watch(api);
    await api.untilStreams(1);
    put(api, { ...succeeded("Unknown", "Planning"), ...progress(0, false) });
    put(api, { ...succeeded("Unknown", "Packing"), ...progress(500) });
    put(api, { ...succeeded("Unknown", "Packing"), ...progress(501) });
    api.cutStreams();
    api.faults.push("refuse");
    put(api, { ...succeeded("Unknown", "Packing"), ...progress(990) });
    put(api, ended);
    const { code, stderr, stdout } = await running;
    assert.equal(code, 0);
    assert.equal(
      stderr,
      [
        "reports: Planning, 0/4 parts",
        "reports: Packing, 2/4 parts, 50 % of 1000 B",
        "reports: Packing, 3/4 parts, 99 % of 1000 B",
        "",
      ].join("\n"),
    );
    assert.match(stdout, /^reports Succeeded/);
  });

  test("a bar on a terminal", async () => {
    await using api = await PlayedApi.start();
    put(api, { ...succeeded("Unknown", "Packing"), ...progress(500) });
    const running = watch(api, {
      isTerminal: true,
      onOutput: ({ stderr }) => {
        if (stderr.includes("3/4 parts") && api.streams === 1) put(api, ended);
      },
    });
    await api.untilStreams(1);
    put(api, { ...succeeded("Unknown", "Packing"), ...progress(750) });
    const { code, stderr, stdout } = await running;
    assert.equal(code, 0);
    assert.match(stderr, /\rreports {2}\[#{15}-{5}\] {2}3\/4 parts {2}7 files {2}750 B of 1000 B/);
    assert.ok(stderr.endsWith("\r\x1b[K"), "the bar goes away");
    assert.match(stdout, /^reports Succeeded/);
  });

  test("deleted meanwhile, or another in its place: 1", async () => {
    for (const again of [false, true]) {
      await using api = await PlayedApi.start();
      put(api, succeeded("Unknown", "Packing"));
      const running = watch(api);
      await api.untilStreams(1);
      if (again) {
        api.cutStreams();
        api.remove("Export", "reports");
        put(api, ended);
        api.forget();
      } else api.remove("Export", "reports");
      const { code, stderr } = await running;
      assert.equal(code, 1);
      assert.match(stderr, /^longshore: the export default\/reports was deleted: /);
    }
  });

  test("Ctrl-C ends the watching, and says that the export goes on", async () => {
    await using api = await PlayedApi.start();
    put(api, succeeded("Unknown", "Packing"));
    const stop = new AbortController();
    const running = watch(api, { signal: stop.signal });
    await api.untilStreams(1);
    stop.abort();
    const { code, stderr } = await running;
    assert.equal(code, 130);
    assert.match(
      stderr,
      /^longshore: the export default\/reports goes on without you: `longshore watch export reports` /,
    );
  });
});
