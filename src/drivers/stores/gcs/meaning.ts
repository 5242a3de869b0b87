import type { ErrorCode } from "../../../domain/errors.ts";

/** What an error comes to in the words of the catalogue. */
export interface Meaning {
  readonly code: ErrorCode;
  readonly text: string;
  readonly hint?: string;
}
