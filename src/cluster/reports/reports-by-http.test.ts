/** The sender of a worker's reports and what the operator answers, over real connections. */
import assert from "node:assert/strict";
import { createServer, request, type RequestListener } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { writeFileSync } from "node:fs";
import { describe, test } from "node:test";
import { temporaryFolder } from "../../../test/fixtures/run.ts";
import { LongshoreError } from "../../domain/errors.ts";
import { reportHandler } from "./report-handler.ts";
import type { ReportIntake } from "./report-intake.ts";
import { startReportSender } from "./report-sender.ts";
import type { TokenPod } from "./token-reviewer.ts";
import type { WorkerReport } from "./worker-report.ts";

const { signal } = new AbortController();
const report = (files: number): WorkerReport => ({
  progress: { plannedBytes: 9, plannedFiles: 9, plannedParts: 3, planned: true, bytes: files, files },
  parts: { succeeded: 1, reused: 0 },
});
const pod: TokenPod = { namespace: "team", name: "worker", uid: "pod-1" };

async function listen(handler: RequestListener): Promise<AsyncDisposable & { readonly url: string }> {
  const server = createServer(handler);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/report`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

interface Operator {
  leads: boolean;
  knows: boolean;
  review: () => Promise<TokenPod | undefined>;
}

async function openOperator() {
  const taken: WorkerReport[] = [];
  const answers: number[] = [];
  const errors: unknown[] = [];
  const operator: Operator = { leads: true, knows: true, review: async () => pod };
  const intake: ReportIntake = {
    knows: () => true,
    take: async (_, given) => {
      if (operator.knows) taken.push(given);
      return operator.knows;
    },
  };
  const handler = reportHandler({
    review: async (token) => (token === "good" ? operator.review() : undefined),
    intake: () => (operator.leads ? intake : undefined),
    onError: (error) => errors.push(error),
    onAnswer: (status) => answers.push(status),
    signal,
  });
  return { operator, taken, answers, errors, ...(await listen(handler)) };
}

interface Ask {
  readonly method?: string;
  readonly path?: string;
  readonly token?: string;
  readonly body?: string;
}

async function ask(url: string, { method = "POST", path = "/report", token = "good", body = "" }: Ask) {
  const headers = { Authorization: `Bearer ${token}` };
  const answer = await fetch(new URL(path, url), { method, headers, ...(method === "POST" && { body }) });
  await answer.text();
  return answer.status;
}

const good = JSON.stringify(report(1));
const answers: Record<string, readonly [Ask, number]> = {
  "a report": [{ body: good }, 204],
  "another path": [{ body: good, path: "/metrics" }, 404],
  "another method": [{ method: "GET" }, 405],
  "another token": [{ body: good, token: "bad" }, 401],
  "no token": [{ body: good, token: "" }, 401],
  "no body": [{}, 400],
  "no JSON": [{ body: "{" }, 400],
  "another document": [{ body: "[]" }, 400],
  "what it is not asked for": [{ body: JSON.stringify({ ...report(1), exportUid: "another" }) }, 400],
  "a number below nothing": [{ body: JSON.stringify(report(-1)) }, 400],
  "a broken number": [{ body: JSON.stringify(report(1.5)) }, 400],
  "a number beyond all": [{ body: good.replace('"files":1', '"files":1e999') }, 400],
  "a text for a number": [{ body: good.replace('"files":1', '"files":"1"') }, 400],
  "too much": [{ body: good + " ".repeat(2000) }, 413],
  "far too much": [{ body: good + " ".repeat(10_000_000) }, 413],
};

describe("the operator", () => {
  for (const [name, [given, expected]] of Object.entries(answers))
    test(`answers ${expected} to ${name}`, async () => {
      await using open = await openOperator();
      // Whoever sends far too much may be cut off before he hears why.
      const status = await ask(open.url, given).catch(() => 413);
      assert.equal(status, expected);
      assert.deepEqual(open.answers, [expected]);
      assert.deepEqual(open.taken, expected === 204 ? [report(1)] : []);
      assert.deepEqual(open.errors, []);
    });

  test("reads no more of an endless body than a report may have", async () => {
    await using open = await openOperator();
    const status = await new Promise<number | undefined>((resolve, reject) => {
      const sending = request(open.url, { method: "POST", headers: { Authorization: "Bearer good" } });
      const more = (): void => void sending.write("x".repeat(500));
      sending.on("drain", more).on("response", (answer) => resolve(answer.statusCode));
      sending.on("error", reject);
      for (let i = 0; i < 4; i++) more();
    });
    assert.equal(status, 413);
  });

  test("tells workers to ask another while it does not lead, and closes the connection", async () => {
    await using open = await openOperator();
    open.operator.leads = false;
    const heard = await new Promise<string>((resolve) => {
      let text = "";
      const line = connect(Number(new URL(open.url).port), "127.0.0.1");
      line.on("data", (chunk) => (text += chunk.toString())).on("close", () => resolve(text));
      line.write(`POST /report HTTP/1.1\r\nHost: x\r\nContent-Length: ${good.length}\r\n\r\n${good}`);
    });
    assert.match(heard, /^HTTP\/1\.1 421 [^]*\r\nConnection: close\r\n/);
  });

  test("refuses a pod that works for no export", async () => {
    await using open = await openOperator();
    open.operator.knows = false;
    assert.equal(await ask(open.url, { body: good }), 403);
  });

  test("asks for patience where it can't find out, and says so once it matters", async () => {
    await using open = await openOperator();
    open.operator.review = () => Promise.reject(new LongshoreError("TooManyRequests", "too many"));
    assert.equal(await ask(open.url, { body: good }), 503);
    assert.equal(open.errors.length, 0);
    open.operator.review = () => Promise.reject(new LongshoreError("ServerUnreachable", "it is away"));
    assert.equal(await ask(open.url, { body: good }), 503);
    assert.equal(open.errors.length, 1);
  });
});

describe("a sender of reports", () => {
  /** Ends each pause when the test says so, and says how long it was to be. */
  function openSender(url: string, folder: { join: (name: string) => string }, ending = signal) {
    const tokenFile = folder.join("token");
    writeFileSync(tokenFile, "good\n");
    const errors: string[] = [];
    let waiting = Promise.withResolvers<{ milliseconds: number; go: () => void }>();
    const pause = (milliseconds: number, cancelled: AbortSignal): Promise<void> =>
      new Promise((resolve, reject) => {
        cancelled.addEventListener("abort", () => reject(cancelled.reason as Error), { once: true });
        waiting.resolve({ milliseconds, go: resolve });
      });
    const onError = (reason: string): void => void errors.push(reason);
    const sender = startReportSender({ url, tokenFile, random: () => 0.5, onError, pause }, ending);
    const next = async (): Promise<number> => {
      const { milliseconds, go } = await waiting.promise;
      waiting = Promise.withResolvers();
      go();
      return milliseconds;
    };
    /** Resolves when it waits again. */
    const rested = async (): Promise<number> => (await waiting.promise).milliseconds;
    return { sender, errors, next, rested, tokenFile };
  }

  test("tells what has changed, with the token of the moment", async () => {
    await using folder = temporaryFolder();
    const heard: string[] = [];
    await using server = await listen((incoming, response) => {
      heard.push(incoming.headers.authorization ?? "");
      response.writeHead(204).end();
    });
    const { sender, next, rested, errors, tokenFile } = openSender(server.url, folder);
    await using _ended = sender;
    assert.equal(await next(), 2000, "nothing to tell yet");
    sender.tell(report(1));
    await next();
    await rested();
    sender.tell(report(1));
    await next();
    await rested();
    writeFileSync(tokenFile, "renewed");
    sender.tell(report(2));
    await next();
    await rested();
    assert.deepEqual(heard, ["Bearer good", "Bearer renewed"]);
    assert.deepEqual(errors, []);
  });

  test("tries other connections until one leads to the operator that leads", async () => {
    await using folder = temporaryFolder();
    const lines = new Set<unknown>();
    let asked = 0;
    await using server = await listen((incoming, response) => {
      lines.add(incoming.socket);
      const leads = ++asked > 5;
      if (!leads) response.setHeader("Connection", "close");
      response.writeHead(leads ? 204 : 421).end();
    });
    const { sender, next, rested, errors } = openSender(server.url, folder);
    await using _ended = sender;
    sender.tell(report(1));
    await next();
    for (let i = 0; i < 5; i++) assert.ok((await next()) <= 400);
    await rested();
    assert.equal(asked, 6);
    assert.equal(lines.size, 6, "each over a connection of its own");
    sender.tell(report(2));
    await next();
    await rested();
    assert.equal(lines.size, 6, "and then over the one that led to it");
    assert.deepEqual(errors, []);
  });

  test("waits longer after each failure, says so once in a while, and goes on", async () => {
    await using folder = temporaryFolder();
    let status = 401;
    await using server = await listen((_, response) => void response.writeHead(status).end());
    const { sender, next, rested, errors } = openSender(server.url, folder);
    await using _ended = sender;
    sender.tell(report(1));
    await next();
    const waits: number[] = [];
    for (let i = 0; i < 7; i++) waits.push(await next());
    assert.deepEqual(waits, [3000, 6000, 12_000, 24_000, 45_000, 45_000, 45_000]);
    assert.deepEqual(errors, ["the operator answered 401"]);
    await rested();
    status = 204;
    await next();
    assert.equal(await rested(), 2000);
  });

  test("bears an operator that is not there, a token that is not, and a way that leads elsewhere", async () => {
    await using folder = temporaryFolder();
    const closed = await listen(() => undefined);
    await closed[Symbol.asyncDispose]();
    const elsewhere: string[] = [];
    await using other = await listen((incoming, response) => {
      elsewhere.push(incoming.headers.authorization ?? "none");
      response.writeHead(204).end();
    });
    await using away = await listen(
      (_, response) => void response.writeHead(307, { Location: other.url }).end(),
    );
    for (const url of [closed.url, away.url]) {
      const { sender, next, rested, errors } = openSender(url, folder);
      await using _ended = sender;
      sender.tell(report(1));
      await next();
      await rested();
      assert.equal(errors.length, 1);
    }
    assert.deepEqual(elsewhere, []);
  });

  test("ends at once with the work, also in the middle of a report", async () => {
    await using folder = temporaryFolder();
    const asked = Promise.withResolvers<void>();
    await using silent = await listen(() => asked.resolve());
    const { sender, next, errors } = openSender(silent.url, folder);
    sender.tell(report(1));
    await next();
    await asked.promise;
    await sender[Symbol.asyncDispose]();
    const cancelled = new AbortController();
    const second = openSender(silent.url, folder, cancelled.signal);
    cancelled.abort(new Error("enough"));
    await second.sender[Symbol.asyncDispose]();
    assert.deepEqual([...errors, ...second.errors], []);
  });
});
