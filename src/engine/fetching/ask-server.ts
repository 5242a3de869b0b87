/** Asks the server for bytes: credentials, redirects, and what its answer means. */
import { LongshoreError } from "../../domain/errors.ts";
import { type DownloadUrl, shownUrl } from "./download-url.ts";
import { type HttpAnswer, httpGet } from "./http-get.ts";
import { refusal } from "./refusal.ts";
import type { Timing } from "./timing.ts";
import { trouble, type Trouble } from "./trouble.ts";

export interface Server {
  readonly target: DownloadUrl;
  /** Sent as Bearer where the URL has no grant. */
  readonly token: string | undefined;
  readonly timing: Timing;
}

export interface Question {
  readonly url: URL;
  /** GET unless said. */
  readonly method?: "GET" | "HEAD";
  /** Value of Range. */
  readonly range: string | undefined;
  /** If-Match or If-Range; only for the server itself, another store has other tags. */
  readonly condition: Readonly<Record<string, string>>;
}

export interface Answered extends Disposable {
  readonly kind: "answer";
  /** 200, 206, 412 or 416. */
  readonly answer: HttpAnswer;
  /** Whether another origin gave it, to which the server redirected. */
  readonly isForeign: boolean;
}

const mostRedirects = 5;
const redirects = new Set([301, 302, 303, 307, 308]);
const understood = new Set([200, 206, 412, 416]);

/**
 * Asks the server itself each time: a redirect leads to a link that goes stale. Throws what ends the download: GrantExpired,
 * ResourceNotFound, ServerFailed and the like.
 */
export async function askServer(
  server: Server,
  question: Question,
  signal: AbortSignal,
): Promise<Answered | Trouble> {
  let { url } = question;
  for (let hops = 0; hops <= mostRedirects; hops++) {
    const isForeign = url.origin !== question.url.origin;
    const answer = await answerTo(server, { ...question, url, isForeign }, signal);
    if ("kind" in answer) return answer;
    if (understood.has(answer.status))
      return { kind: "answer", answer, isForeign, [Symbol.dispose]: () => answer[Symbol.dispose]() };
    using _dropped = answer;
    if (redirects.has(answer.status)) url = redirected(url, answer.headers["location"]);
    // Whatever another origin refuses, a fresh link may be granted.
    else if (isForeign)
      return trouble(`${url.origin}, to which the server redirects, answered ${answer.status}`);
    else return await refusal(answer, refusedBy(server));
  }
  throw new LongshoreError("ServerFailed", `${server.target.shown} redirects without end`);
}

async function answerTo(
  { target, token, timing }: Server,
  { url, method, range, condition, isForeign }: Question & { readonly isForeign: boolean },
  signal: AbortSignal,
): Promise<HttpAnswer | Trouble> {
  const bearer = !isForeign && !target.hasGrant && token !== undefined && token !== "";
  const headers = {
    // The bytes themselves: another encoding has other ranges.
    "accept-encoding": "identity",
    "user-agent": "longshore",
    ...(range === undefined ? undefined : { range }),
    ...(isForeign ? undefined : condition),
    ...(bearer ? { authorization: `Bearer ${token}` } : undefined),
  };
  try {
    return await httpGet({ url, method, headers, stallMs: timing.stallMs }, signal);
  } catch (error) {
    signal.throwIfAborted();
    return connectionTrouble(error, url);
  }
}

/** Throws where no further try can help. */
export function connectionTrouble(error: unknown, url: URL): Trouble {
  const { code = "" } = error as NodeJS.ErrnoException;
  if (certificateErrors.test(code))
    throw new LongshoreError(
      "ServerUnreachable",
      `the certificate of ${url.origin} is not trusted (${code})`,
      {
        cause: error,
        hint: "name the authority's certificate in NODE_EXTRA_CA_CERTS, or ask whoever runs the server",
      },
    );
  if (code === "ERR_INVALID_CHAR")
    throw new LongshoreError("InvalidArgument", "LONGSHORE_TOKEN has characters that no token has");
  const why = code === "" && error instanceof Error ? error.message : code;
  return trouble(`the connection to ${url.origin} failed (${why})`, {
    cause: error,
    isUnknownHost: code === "ENOTFOUND",
  });
}

const certificateErrors =
  /^(?:CERT_|ERR_TLS_CERT|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_(?:GET|VERIFY)|HOSTNAME_MISMATCH)/;

function redirected(from: URL, location: string | undefined): URL {
  const to = URL.canParse(location ?? "", from.href) ? new URL(location ?? "", from) : undefined;
  const refused = (what: string): LongshoreError =>
    new LongshoreError("ServerFailed", `${shownUrl(from)} redirects ${what}`);
  if (location === undefined || to === undefined) throw refused("to nowhere");
  if (to.protocol !== "https:" && to.protocol !== "http:") throw refused(`to ${to.protocol}`);
  if (from.protocol === "https:" && to.protocol === "http:")
    throw refused(`from https to ${to.origin}, where anybody could read along`);
  return to;
}

function refusedBy({ target, token, timing }: Server): Parameters<typeof refusal>[1] {
  const grant = target.url.searchParams.get("grant");
  const secrets = [grant ?? "", token ?? ""].filter((secret) => secret !== "");
  return { subject: target.shown, secrets, hasCredential: secrets.length > 0, now: timing.now() };
}
