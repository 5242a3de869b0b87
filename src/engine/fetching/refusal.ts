/** What an answer that brings no bytes means: to be tried again, or the end, with a sentence saying what to do. */
import { z } from "zod";
import { type ErrorCode, LongshoreError } from "../../domain/errors.ts";
import { retryAfterMs } from "./answer-headers.ts";
import type { HttpAnswer } from "./http-get.ts";
import { trouble, type Trouble } from "./trouble.ts";

/** As far as it is needed of a problem document (RFC 9457). */
const Problem = z.object({ code: z.string(), detail: z.string() }).partial();
type Problem = z.infer<typeof Problem>;

const longestProblem = 64 * 1024;
const longestDetail = 300;

export interface Refused {
  /** What was asked for, as it may be shown. */
  readonly subject: string;
  /** Never to be repeated, though the server may say it. */
  readonly secrets: readonly string[];
  readonly hasCredential: boolean;
  readonly now: number;
}

/**
 * Throws the error of the catalogue that ends the download, or says that it is to be tried again. An export that is not ready
 * is waited for as long as the server says when to ask again; of one that has failed it says nothing like that.
 */
export async function refusal(answer: HttpAnswer, refused: Refused): Promise<Trouble> {
  const { status, headers } = answer;
  const waitMs = retryAfterMs(headers["retry-after"], refused.now);
  const problem = await problemOf(answer);
  if (isTransient(status) && problem.code !== "Damaged")
    return trouble(`the server answered ${status}`, { waitMs });
  const isNotReady = status === 409 && (problem.code ?? "ExportNotReady") === "ExportNotReady";
  if (isNotReady && waitMs !== undefined)
    return trouble("the export is not finished", { waitMs, isWaiting: true });
  throw finalError(status, problem, refused);
}

/** Request Timeout, Too Early, Too Many Requests, and whatever goes wrong within a server or a proxy. */
const isTransient = (status: number): boolean => [408, 425, 429].includes(status) || status >= 500;

interface Sentence {
  readonly code: ErrorCode;
  /** What is said of the subject. */
  readonly text: (subject: string) => string;
  readonly hint?: string;
}

const byCode: Readonly<Record<string, Sentence>> = {
  GrantExpired: { code: "GrantExpired", text: (subject) => `the grant for ${subject} has expired` },
  GrantRevoked: { code: "GrantRevoked", text: (subject) => `the grant for ${subject} was revoked` },
  GrantExhausted: { code: "GrantExhausted", text: (subject) => `the grant for ${subject} is used up` },
  GrantInvalid: { code: "GrantInvalid", text: (subject) => `the grant is none for ${subject}` },
  Damaged: {
    code: "Damaged",
    text: (subject) => `the server's data of ${subject} is damaged`,
    hint: "ask whoever made the export to mend it with `longshore export` and --repair, then run the same command again",
  },
};

const noCredential: Sentence = {
  code: "Unauthenticated",
  text: (subject) => `${subject} asks for a grant`,
  hint: "give the whole URL with its ?grant=…, in quotes, or set LONGSHORE_TOKEN",
};

const byStatus: Readonly<Record<number, Sentence>> = {
  401: { code: "GrantInvalid", text: (subject) => `the server does not accept the grant for ${subject}` },
  403: {
    code: "Forbidden",
    text: (subject) => `the server does not allow to download ${subject}`,
    hint: "ask whoever gave you the URL for a new one",
  },
  404: {
    code: "ResourceNotFound",
    text: (subject) => `${subject} is not there`,
    hint: "check the URL; the export may have been deleted",
  },
  410: {
    code: "ResourceNotFound",
    text: (subject) => `${subject} is gone`,
    hint: "ask whoever gave you the URL to export it again",
  },
};

function finalError(status: number, problem: Problem, refused: Refused): LongshoreError {
  const sentence =
    byCode[problem.code ?? ""] ??
    (status === 401 && !refused.hasCredential ? noCredential : byStatus[status]);
  if (sentence !== undefined)
    return new LongshoreError(
      sentence.code,
      sentence.text(refused.subject),
      sentence.hint === undefined ? undefined : { hint: sentence.hint },
    );
  const detail = problem.detail === undefined ? "" : `: ${harmless(problem.detail, refused.secrets)}`;
  if (problem.code === "ExportNotReady")
    return new LongshoreError("ExportNotReady", `${refused.subject} can't be downloaded${detail}`, {
      hint: "ask whoever made the export for another",
    });
  return new LongshoreError(
    "ServerFailed",
    `${refused.subject} was answered with status ${status}${detail}`,
    {
      hint: "check that it is a download URL of Longshore",
    },
  );
}

/** What the server says is foreign text. */
function harmless(text: string, secrets: readonly string[]): string {
  const without = secrets.reduce((left, secret) => left.replaceAll(secret, "…"), text);
  // oxlint-disable-next-line no-control-regex -- control characters are what is replaced
  return without.slice(0, longestDetail).replaceAll(/[\x00-\x1f\x7f-\x9f\u2028\u2029]+/g, " ");
}

/** Nothing where the body is none, too long, or was cut: the status says enough. */
async function problemOf(answer: HttpAnswer): Promise<Problem> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  try {
    for await (const chunk of answer.body) {
      chunks.push(chunk);
      length += chunk.length;
      if (length > longestProblem) return {};
    }
    return Problem.catch({}).parse(JSON.parse(Buffer.concat(chunks).toString()));
  } catch {
    return {};
  }
}
