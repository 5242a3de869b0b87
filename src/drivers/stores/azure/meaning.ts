import type { ErrorCode } from "../../../domain/errors.ts";

/** What an error of the store means: the rest of a sentence about it, and what to do next where the catalogue does not say. */
export interface Meaning {
  readonly code: ErrorCode;
  readonly text: string;
  readonly hint?: string;
}
