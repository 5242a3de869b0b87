/** Tells the operator how far a worker is: best effort, so that no work waits for it and none fails of it. */
import { readFile } from "node:fs/promises";
import { Agent, request } from "node:http";
import { type BackOff, waitAfter } from "../../domain/back-off.ts";
import { pause as usualPause, type Pause } from "../client/pause.ts";
import type { WorkerReport } from "./worker-report.ts";

export interface ReportSender extends AsyncDisposable {
  /** What is told next. The report may change afterwards: it is read when it is sent. */
  tell(report: WorkerReport): void;
}

export interface ReportSenderOptions {
  readonly url: string;
  /** Read afresh for each report: a token is renewed every few minutes. */
  readonly tokenFile: string;
  readonly random: () => number;
  /** Told why nothing could be told, once in a while. */
  readonly onError: (reason: string) => void;
  readonly pause?: Pause;
}

/** Milliseconds between two reports. */
const interval = 2000;
const backOff: BackOff = { first: 2 * interval, longest: 60_000 };
/** Milliseconds for a report and its answer. */
const patience = 3000;
/** Connections that are tried until one leads to the operator that takes reports. */
const mostConnections = 8;
const toAnother: BackOff = { first: 50, longest: 400 };
/** Failures between two that are told. */
const toldEvery = 30;

/** Sends until it is disposed or cancelled, and then ends at once: what was not sent by then is told by the last message. */
export function startReportSender(options: ReportSenderOptions, signal: AbortSignal): ReportSender {
  const { random, onError, pause = usualPause } = options;
  const over = new AbortController();
  const ending = AbortSignal.any([signal, over.signal]);
  // One connection that stays, for it leads to the operator that took the last report.
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  let latest: WorkerReport | undefined;
  const sending = send().catch((error: unknown) => {
    if (!ending.aborted) onError(reasonOf(error));
  });
  return {
    tell: (report) => {
      latest = report;
    },
    [Symbol.asyncDispose]: async () => {
      over.abort();
      await sending;
      agent.destroy();
    },
  };

  async function send(): Promise<never> {
    let sent: string | undefined;
    let failures = 0;
    for (;;) {
      await pause(failures === 0 ? interval : waitAfter(failures, backOff, random), ending);
      const text = latest === undefined ? undefined : JSON.stringify(latest);
      if (text === undefined || text === sent) continue;
      const refusal = await sendOnce(text);
      if (refusal === undefined) [sent, failures] = [text, 0];
      else if (failures++ % toldEvery === 0) onError(refusal);
    }
  }

  /** Why it was not taken, or undefined where it was. An operator that does not lead closes the connection: the next may reach another. */
  async function sendOnce(text: string): Promise<string | undefined> {
    for (let attempt = 1; ; attempt++) {
      const status = await post(text);
      if (typeof status === "string") return status;
      if (status >= 200 && status < 300) return undefined;
      if (status !== misdirected || attempt === mostConnections) return `the operator answered ${status}`;
      await pause(waitAfter(attempt, toAnother, random), ending);
    }
  }

  async function post(text: string): Promise<number | string> {
    const timeout = AbortSignal.timeout(patience);
    try {
      const token = (await readFile(options.tokenFile, "utf8")).trim();
      return await exchange(text, token, AbortSignal.any([ending, timeout]));
    } catch (error) {
      ending.throwIfAborted();
      return timeout.aborted ? `no answer within ${patience / 1000} s` : reasonOf(error);
    }
  }

  /** The status of the answer. Where it leads elsewhere nobody goes: the token is for the operator alone. */
  function exchange(text: string, token: string, within: AbortSignal): Promise<number> {
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    const headers = { Authorization: `Bearer ${token}`, "Content-Type": "application/json" };
    request(options.url, { method: "POST", agent, headers, signal: within }, (answer) => {
      answer
        .resume()
        .on("end", () => resolve(answer.statusCode ?? 0))
        .on("error", reject);
    })
      .on("error", reject)
      .end(text);
    return promise;
  }
}

/** RFC 9110, 15.5.20: may be sent again over another connection. */
const misdirected = 421;

function reasonOf(error: unknown): string {
  const [first] = error instanceof AggregateError ? error.errors : [error];
  return first instanceof Error ? first.message : "it can't be reached";
}
