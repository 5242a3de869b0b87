/** An error's way from one thread to another: its code, message and hint survive, its cause does not. */
import { type ErrorCode, LongshoreError } from "../domain/errors.ts";

/** `code` is missing where the error is not of the catalogue. */
export interface WorkerError {
  readonly code?: ErrorCode;
  readonly message: string;
  readonly hint?: string;
  readonly stack?: string;
}

export function describeError(error: unknown): WorkerError {
  if (error instanceof LongshoreError) return { code: error.code, message: error.message, hint: error.hint };
  if (error instanceof Error)
    return { message: error.message, ...(error.stack === undefined ? {} : { stack: error.stack }) };
  return { message: String(error) };
}

/** The error again, as far as it came through. */
export function restoreError({ code, message, hint, stack }: WorkerError): Error {
  if (code !== undefined) return new LongshoreError(code, message, hint === undefined ? {} : { hint });
  return Object.assign(new Error(message), { stack });
}
