/** What a server says of itself while it runs: one JSON document on each line of standard error. */
import { LongshoreError } from "../domain/errors.ts";

export type Log = (message: string, fields?: Readonly<Record<string, unknown>>) => void;

export function jsonLog(write: (line: string) => void, now: () => number): Log {
  return (message, fields) => {
    write(`${JSON.stringify({ time: new Date(now()).toISOString(), message, ...fields })}\n`);
  };
}

/** What is worth to be known of an error; what a secret could stand in is not part of it. */
export function errorFields(error: unknown): Record<string, unknown> {
  if (error instanceof LongshoreError) return { code: error.code, error: error.message, ...causeOf(error) };
  if (error instanceof Error) return { error: error.message, stack: error.stack, ...causeOf(error) };
  return { error: String(error) };
}

function causeOf({ cause }: Error): { cause?: string } {
  return cause instanceof Error ? { cause: cause.message } : {};
}
