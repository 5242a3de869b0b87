/** Spans of time as people write and read them: 90s, 30m, 24h, 7d. */
import { LongshoreError } from "../domain/errors.ts";

const seconds: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };

/** Reads an option's value as seconds, at least 1 and at most `max`. Throws InvalidArgument. */
export const duration =
  (option: string, max: number) =>
  (value: string): number => {
    const match = /^(\d{1,9})([smhd])$/.exec(value);
    const span = Number(match?.[1]) * (seconds[match?.[2] ?? ""] ?? 0);
    if (span >= 1 && span <= max) return span;
    throw new LongshoreError(
      "InvalidArgument",
      `${option} ${JSON.stringify(value)} is no time such as 90s, 30m, 24h or 7d, of at most ${formatSpan(max * 1000)}`,
    );
  };

/** "12s", "5m", "3h", "9d": the largest unit of which there are at least two, and whole. */
export function formatSpan(milliseconds: number): string {
  const whole = Math.max(0, Math.floor(milliseconds / 1000));
  if (whole < 120) return `${whole}s`;
  if (whole < 120 * 60) return `${Math.floor(whole / 60)}m`;
  return whole < 48 * 3600 ? `${Math.floor(whole / 3600)}h` : `${Math.floor(whole / 86_400)}d`;
}

/** How long ago it was; "" where it is unknown. */
export function age(time: string | undefined, now: number): string {
  return time === undefined ? "" : formatSpan(now - Date.parse(time));
}

/** How long it is until then: "in 6d", "expired"; "" where it never comes. */
export function untilThen(time: string | undefined, now: number): string {
  if (time === undefined) return "";
  const left = Date.parse(time) - now;
  return left > 0 ? `in ${formatSpan(left)}` : "expired";
}
