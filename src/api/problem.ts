/** The body of every error answer: a problem document (RFC 9457), made from an error and read back into one. */
import { z } from "zod";
import { catalogue, type ErrorCode, LongshoreError } from "../domain/errors.ts";

export const problemMediaType = "application/problem+json";
const typePrefix = "urn:longshore:error:";

/** One member of the request's body that is wrong. */
export const FieldError = z.object({
  /** JSON Pointer (RFC 6901) into the body. */
  pointer: z.string(),
  detail: z.string(),
});
export type FieldError = z.infer<typeof FieldError>;

export const Problem = z.object({
  /** `urn:longshore:error:<Code>` */
  type: z.string(),
  title: z.string(),
  status: z.int(),
  /** What happened and where. */
  detail: z.string(),
  code: z.string(),
  /** What to do next. */
  hint: z.string(),
  errors: z.array(FieldError).optional(),
});
export type Problem = z.infer<typeof Problem>;

/** What is said of an error; the caller sees to it that the message holds nothing secret. */
export function problemOf(error: LongshoreError, errors: readonly FieldError[] = []): Problem {
  const { code, message, hint } = error;
  return {
    type: `${typePrefix}${code}`,
    title: titleOf(code),
    status: catalogue[code].status,
    detail: message,
    code,
    hint,
    ...(errors.length === 0 ? undefined : { errors: [...errors] }),
  };
}

/** "ResourceNotFound" as "Resource not found". */
const titleOf = (code: ErrorCode): string =>
  code.replaceAll(/(?<=[a-z])[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);

/** The members that a schema refused. */
export function fieldErrorsOf(error: z.ZodError): FieldError[] {
  return error.issues.map(({ path, message }) => ({ pointer: pointerOf(path), detail: message }));
}

/** The JSON Pointer (RFC 6901) of a path of members; "" is the whole document. */
export function pointerOf(path: readonly PropertyKey[]): string {
  return path.map((key) => `/${String(key).replaceAll("~", "~0").replaceAll("/", "~1")}`).join("");
}

/**
 * The error that an answer tells of; undefined where its body is no problem document, as an answer of a proxy.
 * Texts of a server are foreign: control characters become "?" and endless ones are cut.
 */
export function errorOfProblem(status: number, body: unknown): LongshoreError | undefined {
  const parsed = Problem.partial().safeParse(body);
  if (!parsed.success || parsed.data.detail === undefined) return undefined;
  const { code, detail, hint, errors = [] } = parsed.data;
  const fields = errors.slice(0, mostFields).map((field) => `${field.pointer}: ${field.detail}`);
  const message = [detail, ...fields.filter((text) => !detail.includes(text))].map(harmless).join("; ");
  return new LongshoreError(
    isKnown(code) ? code : codeOfStatus(status),
    message,
    hint === undefined || hint === "" ? undefined : { hint: harmless(hint) },
  );
}

const mostFields = 5;
const longestText = 2000;

const harmless = (text: string): string =>
  // oxlint-disable-next-line no-control-regex -- control characters are what is replaced
  text.slice(0, longestText).replaceAll(/[\x00-\x1f\x7f-\x9f\u2028\u2029]+/g, "?");

const isKnown = (code: string | undefined): code is ErrorCode =>
  code !== undefined && Object.hasOwn(catalogue, code);

const codes: Readonly<Record<number, ErrorCode>> = {
  401: "Unauthenticated",
  403: "Forbidden",
  404: "ResourceNotFound",
  409: "Conflict",
  410: "WatchExpired",
  412: "PreconditionFailed",
  413: "TooLarge",
  415: "UnsupportedMediaType",
  422: "InvalidDocument",
  429: "TooManyRequests",
};

/** Of a newer server, whose code this catalogue has not. */
const codeOfStatus = (status: number): ErrorCode =>
  codes[status] ?? (status >= 500 ? "ServerFailed" : "InvalidRequest");
