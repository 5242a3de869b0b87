/** What the operator answers to the reports of workers. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { LongshoreError } from "../../domain/errors.ts";
import type { ReportIntake } from "./report-intake.ts";
import type { ReviewToken } from "./token-reviewer.ts";
import { longestReport, reportPath, WorkerReport } from "./worker-report.ts";

export interface ReportHandlerOptions {
  readonly review: ReviewToken;
  /** Undefined while another operator leads: only the leader knows the workers. */
  readonly intake: () => ReportIntake | undefined;
  readonly onError: (error: unknown, about: string) => void;
  /** Told the status of each answer. */
  readonly onAnswer: (status: number) => void;
  /** Ends what is being asked. */
  readonly signal: AbortSignal;
}

export type RequestHandler = (request: IncomingMessage, response: ServerResponse) => void;

interface Answer {
  readonly status: number;
  readonly sentence?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** RFC 9110, 15.5.20: the same may be sent again over another connection, which may lead to the operator that leads. */
const misdirected: Answer = { status: 421, sentence: "another operator leads" };

export function reportHandler(options: ReportHandlerOptions): RequestHandler {
  const { review, intake, onError, onAnswer, signal } = options;
  return (request, response) => {
    void answerTo(request)
      .catch((error: unknown) => troubled(error))
      .then((answer) => send(response, answer));
  };

  async function answerTo(request: IncomingMessage): Promise<Answer> {
    if (request.url !== reportPath) return { status: 404, sentence: "nothing here" };
    if (request.method !== "POST") return { status: 405, sentence: "only POST", headers: { Allow: "POST" } };
    const taker = intake();
    if (taker === undefined) return misdirected;
    const token = /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? "")?.[1];
    // Before anything of the body is read: it is worth nothing without the token.
    const pod = token === undefined ? undefined : await review(token, (one) => taker.knows(one), signal);
    if (pod === undefined) return { status: 401, sentence: "no token of a worker", headers: challenge };
    const text = await textOf(request);
    if (text === undefined) return { status: 413, sentence: `a report has at most ${longestReport} bytes` };
    const report = reportIn(text);
    if (report === undefined) return { status: 400, sentence: "this is no report" };
    if (await taker.take(pod, report, signal)) return { status: 204 };
    return { status: 403, sentence: "the pod works for no export" };
  }

  function troubled(error: unknown): Answer {
    const isBusy = error instanceof LongshoreError && error.code === "TooManyRequests";
    if (!isBusy && !signal.aborted) onError(error, "a report of a worker");
    return { status: 503, sentence: "try again later", headers: { "Retry-After": "5" } };
  }

  function send(response: ServerResponse, { status, sentence, headers }: Answer): void {
    onAnswer(status);
    // Whoever is refused has no claim to the connection, and nothing of what he still sends is read.
    if (status !== 204) response.setHeader("Connection", "close");
    response.writeHead(status, headers);
    response.end(sentence === undefined ? undefined : `${sentence}\n`);
  }
}

const challenge = { "WWW-Authenticate": "Bearer" };

/** Undefined where it is too long. */
async function textOf(request: IncomingMessage): Promise<string | undefined> {
  if (Number(request.headers["content-length"] ?? 0) > longestReport) return undefined;
  const chunks: Buffer[] = [];
  let length = 0;
  // Leaving the loop would end the connection before the answer.
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > longestReport) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

function reportIn(text: string): WorkerReport | undefined {
  try {
    return WorkerReport.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}
