/** One request and its answer. */
import { LongshoreError } from "../domain/errors.ts";
import { parseJson, readText } from "./answer-body.ts";
import type { Connection } from "./client-options.ts";
import { errorOfProblem } from "./problem.ts";
import { watchdog } from "./watchdog.ts";

export interface Request {
  readonly method: "GET" | "POST" | "PATCH" | "DELETE";
  /** Path and query, encoded. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON. */
  readonly body?: unknown;
}

export type Outcome =
  | { readonly ok: true; readonly body: unknown }
  | {
      readonly ok: false;
      readonly error: LongshoreError;
      /** Undefined where no answer came. */
      readonly status?: number;
      readonly retryAfterSeconds?: number | undefined;
    };

/** Tries it once. Throws the signal's reason where it was aborted. */
export async function attempt(
  connection: Connection,
  request: Request,
  signal: AbortSignal,
): Promise<Outcome> {
  using dog = watchdog(connection.patienceMilliseconds, signal);
  try {
    const response = await openResponse(connection, request, dog.signal);
    dog.alive();
    if (!response.ok) return await refusal(connection, request, response);
    const text = await readText(response, dog.alive);
    return answerOf(connection, request, text);
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof LongshoreError) return { ok: false, error, status: 200 };
    return { ok: false, error: unreachable(connection, error) };
  }
}

/** The answer as soon as its head has come. Redirects are not followed: a token goes to the address that was given. */
export function openResponse(
  connection: Connection,
  { method, path, headers, body }: Request,
  signal: AbortSignal,
): Promise<Response> {
  const { authorization } = connection;
  return connection.fetch(`${connection.server}${path}`, {
    method,
    headers: {
      Accept: "application/json",
      ...(body === undefined ? undefined : { "Content-Type": "application/json" }),
      ...(authorization === undefined ? undefined : { Authorization: authorization }),
      ...headers,
    },
    ...(body === undefined ? undefined : { body: JSON.stringify(body) }),
    redirect: "manual",
    signal,
  });
}

/** What an answer that is no success says. */
export async function refusal(
  connection: Connection,
  request: Request,
  response: Response,
): Promise<Outcome & { readonly ok: false }> {
  const { status } = response;
  const body = parseJson(await readText(response, () => undefined));
  const error = errorOfProblem(status, body) ?? strangeAnswer(connection, request, response);
  return { ok: false, error, status, retryAfterSeconds: secondsOf(response.headers.get("retry-after")) };
}

/** Of a proxy, or of something that is no longshore server. */
function strangeAnswer({ server }: Connection, request: Request, response: Response): LongshoreError {
  const what = `${request.method} ${server}${pathAlone(request)}`;
  if (response.type === "opaqueredirect" || (response.status >= 300 && response.status < 400))
    return new LongshoreError("ServerFailed", `${what} was answered with a redirect`, {
      hint: "give the address that it leads to",
    });
  const code = response.status === 401 ? "Unauthenticated" : "ServerFailed";
  return new LongshoreError(
    code,
    `${what} was answered with status ${response.status} and no reason`,
    code === "ServerFailed" ? { hint: "check that the address is that of a longshore server" } : undefined,
  );
}

function answerOf({ server }: Connection, request: Request, text: string): Outcome {
  if (text === "") return { ok: true, body: undefined };
  const body = parseJson(text);
  if (body !== undefined) return { ok: true, body };
  const what = `${request.method} ${server}${pathAlone(request)}`;
  const error = new LongshoreError("ServerFailed", `${what} was answered with something that is no JSON`, {
    hint: "check that the address is that of a longshore server",
  });
  return { ok: false, error, status: 200 };
}

const pathAlone = ({ path }: Request): string => path.replace(/\?.*$/s, "");

export function unreachable({ server }: Connection, cause: unknown): LongshoreError {
  const below = cause instanceof Error && cause.cause instanceof Error ? cause.cause : cause;
  const code = below instanceof Error && "code" in below ? ` (${String(below.code)})` : "";
  return new LongshoreError("ServerUnreachable", `the server ${server} can't be reached${code}`, { cause });
}

/** Retry-After in seconds (RFC 9110 section 10.2.3); the form with a date is taken as unknown. */
function secondsOf(header: string | null): number | undefined {
  return header !== null && /^\d{1,9}$/.test(header) ? Number(header) : undefined;
}
