/** Which failures count: an export that gets on is never given up, and one that does not is after `spec.backoffLimit`. Pure. */
import type { ExportStatus } from "../domain/resources/export.ts";

export type Retries = NonNullable<ExportStatus["retries"]>;

/**
 * What an attempt that failed adds to those before it; `safeParts` were safe at its end, or 0 where that is not known.
 * More parts than ever before are needed to count from the beginning, and a source has only so many: it ends.
 */
export function afterFailure(before: Retries | undefined, safeParts: number): Retries {
  const { inVain, safeParts: most } = before ?? { inVain: 0, safeParts: 0 };
  return safeParts > most ? { inVain: 0, safeParts } : { inVain: inVain + 1, safeParts: most };
}
