import { LongshoreError } from "../domain/errors.ts";

/** For `catch`, where a damaged record is as good as none. */
export function unlessDamaged(error: unknown): undefined {
  if (error instanceof LongshoreError && error.code === "Damaged") return undefined;
  throw error;
}
