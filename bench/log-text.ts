/**
 * Text like an access log. Every line is new: a repeated block would look honest to zstd, whose window is short, and
 * be a gift to a peer that finds duplicate chunks.
 */
import { seededNumbers } from "./seeded.ts";

const LEVELS = ["INFO ", "INFO ", "INFO ", "DEBUG", "WARN ", "ERROR"] as const;
const SERVICES = ["checkout", "catalogue", "billing", "identity", "search", "mailer", "reports"] as const;
const METHODS = ["GET", "GET", "GET", "POST", "PUT", "DELETE"] as const;
const ROUTES = [
  "/api/v1/orders/",
  "/api/v1/customers/",
  "/api/v2/items/",
  "/static/img/",
  "/internal/jobs/",
] as const;
const STATUSES = [200, 200, 200, 201, 204, 304, 404, 500] as const;
const FIRST_MOMENT = Date.UTC(2026, 0, 1);

/** Gives the next `length` bytes of the endless log that `seed` names. */
export function logText(seed: string): (length: number) => Buffer {
  const number = seededNumbers(seed);
  const pick = <T>(list: readonly T[]): T | undefined => list[number(list.length)];
  let moment = FIRST_MOMENT;
  let rest = "";
  const line = (): string => {
    moment += number(40);
    const trace = number(2 ** 32).toString(16) + number(2 ** 32).toString(16);
    const request = `${pick(METHODS)} ${pick(ROUTES)}${number(900_000)} ${pick(STATUSES)}`;
    return `${new Date(moment).toISOString()} ${pick(LEVELS)} [${pick(SERVICES)}] ${request} ${number(90_000) / 100}ms user=${number(50_000)} trace=${trace} bytes=${number(60_000)}\n`;
  };
  return (length) => {
    const pieces = [rest];
    for (let have = rest.length; have < length;) {
      const next = line();
      pieces.push(next);
      have += next.length;
    }
    const text = pieces.join("");
    rest = text.slice(length);
    return Buffer.from(text.slice(0, length), "latin1");
  };
}
