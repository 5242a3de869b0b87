/** The exit codes, and how an error is told to a person. */
import { catalogue, LongshoreError } from "../domain/errors.ts";

export const exitCodes = {
  done: 0,
  failed: 1,
  usage: 2,
  differences: 3,
  interrupted: 130,
  outputClosed: 141,
} as const;

/** Sets the exit code of a command that did what it was asked for. */
export function exitWith(code: number): void {
  process.exitCode = code;
}

export function exitCodeOf(error: unknown): number {
  return error instanceof LongshoreError && catalogue[error.code].severity === "usage"
    ? exitCodes.usage
    : exitCodes.failed;
}

/** What `--json` prints of a command that came to nothing; with what is known of its subject. */
export function failureDocument(error: unknown, { aborted }: AbortSignal, subject: object = {}): string {
  const code = error instanceof LongshoreError ? error.code : aborted ? "Interrupted" : "Unexpected";
  const message = error instanceof Error ? error.message : String(error);
  const hint = error instanceof LongshoreError ? { hint: error.hint } : undefined;
  const state = aborted ? "Interrupted" : "Failed";
  return `${JSON.stringify({ ...subject, state, error: { code, message, ...hint } })}\n`;
}

/** One sentence: what, where, and what to do next. `verbose` adds the cause. */
export function tell(error: unknown, verbose: boolean): string {
  const text = sentence(error);
  return `longshore: ${text}\n${verbose ? causes(error) : ""}`;
}

function sentence(error: unknown): string {
  if (error instanceof LongshoreError) return `${oneLine(error.message)}: ${oneLine(error.hint)}`;
  const message = error instanceof Error ? error.message : String(error);
  return `an unexpected error, ${oneLine(message)}: please report it with the output of --verbose`;
}

/** Names in messages come from anywhere: what could steer a terminal is shown as a question mark. */
export const oneLine = (text: string): string =>
  // oxlint-disable-next-line no-control-regex -- control characters are what is replaced
  text.replaceAll(/\s*\n\s*/g, " ").replaceAll(/[\x00-\x1f\x7f-\x9f]/g, "?");

function causes(error: unknown): string {
  let text = "";
  for (let cause = error; cause instanceof Error; cause = cause.cause)
    text += `  ${cause.stack ?? cause.message}\n`;
  return text;
}
