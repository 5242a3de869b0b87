import { LongshoreError, type ErrorCode } from "../../domain/errors.ts";

/** An error whose answer has headers of its own, such as Retry-After. */
export class AnswerError extends LongshoreError {
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    code: ErrorCode,
    message: string,
    options: { readonly headers: Readonly<Record<string, string>>; readonly cause?: unknown },
  ) {
    super(code, message, options.cause === undefined ? undefined : { cause: options.cause });
    this.headers = options.headers;
  }
}
