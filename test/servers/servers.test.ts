/** The servers of the tests start, check who asks, and leave nothing running: not even where the test is killed. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { execPath } from "node:process";
import { createInterface } from "node:readline";
import { describe, test } from "node:test";
import { until } from "../fixtures/run.ts";
import { missingAzurite, startAzurite } from "./azurite.ts";
import { missingSwift, startSwift } from "./swift.ts";

/** Whoever signs with another key, in the oldest way that both servers understand. */
async function refusesStrangers(url: string, authorization: string): Promise<void> {
  const headers = { authorization, date: new Date().toUTCString() };
  assert.equal((await fetch(url, { headers })).status, 403, "nobody gets in without the key");
}

describe("Swift", { skip: missingSwift() }, () => {
  test("makes buckets and refuses strangers, and is gone when it is disposed", async () => {
    let endpoint = "";
    {
      await using swift = await startSwift();
      endpoint = swift.endpoint;
      await swift.createBucket("made");
      await refusesStrangers(`${endpoint}/made`, "AWS test:tester:bm8ga2V5IG9mIHRoZWlycw==");
    }
    await assert.rejects(fetch(endpoint));
  });

  test("is gone soon after the process that started it was killed", async () => {
    await expectGoneAfterKill("swift.ts", "startSwift");
  });
});

describe("Azurite", { skip: missingAzurite() }, () => {
  test("refuses strangers, and is gone when it is disposed", async () => {
    let endpoint = "";
    {
      await using azurite = await startAzurite();
      endpoint = azurite.endpoint;
      await refusesStrangers(`${endpoint}?comp=list`, "SharedKey devstoreaccount1:bm8ga2V5IG9mIHRoZWlycw==");
    }
    await assert.rejects(fetch(endpoint));
  });

  test("is gone soon after the process that started it was killed", async () => {
    await expectGoneAfterKill("azurite.ts", "startAzurite");
  });
});

async function expectGoneAfterKill(module: string, start: string): Promise<void> {
  const script = `import { ${start} } from ${JSON.stringify(new URL(module, import.meta.url).href)};
    const server = await ${start}(); console.log(server.endpoint); setInterval(() => server, 1000);`;
  const child = spawn(execPath, ["--input-type=module", "-e", script], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [endpoint] = (await once(createInterface(child.stdout), "line")) as [string];
  const { port } = new URL(endpoint);
  assert.ok(listensOn(Number(port)));
  child.kill("SIGKILL");
  await once(child, "exit");
  await until("the server's end", () => !listensOn(Number(port)), 60_000);
}

/** As the system's own table of sockets says; nothing is asked over the network. */
function listensOn(port: number): boolean {
  const hex = port.toString(16).toUpperCase().padStart(4, "0");
  assert.ok(existsSync("/proc/net/tcp") && readdirSync("/proc/net").length > 0);
  return readFileSync("/proc/net/tcp", "utf8")
    .split("\n")
    .some((line) => new RegExp(`^ *\\d+: [0-9A-F]{8}:${hex} [0-9A-F]{8}:0000 0A `).test(line));
}
