/** What is done to an object that may be gone, or be another one by now. */
import { LongshoreError } from "../../domain/errors.ts";

/** Undefined where the API server says ResourceNotFound, or Conflict of a uid that was given. */
export async function unlessGone<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    const code = error instanceof LongshoreError ? error.code : undefined;
    if (code === "ResourceNotFound" || code === "Conflict") return undefined;
    throw error;
  }
}
