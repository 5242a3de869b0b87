/**
 * Text like a service's log. No block of it repeats: a repeated one would look honest to zstd, whose window is short,
 * and be a gift to a peer that finds duplicate chunks. Like a real log it tells each request in several lines, with
 * the same trace and user, and a few customers make most of the requests; zstd -3 makes it between eight and nine times smaller.
 */
import { seededNumbers } from "./seeded.ts";

const SERVICES = ["checkout", "catalogue", "billing", "identity", "search", "mailer", "reports"] as const;
const METHODS = ["GET", "GET", "GET", "POST", "PUT", "DELETE"] as const;
const ROUTES = [
  "/api/v1/orders/",
  "/api/v1/customers/",
  "/api/v2/items/",
  "/static/images/",
  "/internal/jobs/",
] as const;
const ENDINGS = [
  "200 OK",
  "200 OK",
  "200 OK",
  "201 Created",
  "304 Not Modified",
  "404 Not Found",
  "503 Service Unavailable",
] as const;
const STEPS = [
  "INFO  connection taken from pool main, 7 of 32 in use",
  "DEBUG cache miss, asking the database replica in zone b",
  "DEBUG authorization granted by policy tenant-readers",
  "INFO  message published to topic orders.changed",
  "WARN  upstream answered late, trying the next endpoint",
] as const;
const FIRST_MOMENT = Date.UTC(2026, 0, 1);
const USERS = 4000;

/** Gives the next `length` bytes of the endless log that `seed` names. */
export function logText(seed: string): (length: number) => Buffer {
  const next = requestLog(seed);
  let rest = "";
  return (length) => {
    const pieces = [rest];
    for (let have = rest.length; have < length;) {
      const lines = next();
      pieces.push(lines);
      have += lines.length;
    }
    const text = pieces.join("");
    rest = text.slice(length);
    return Buffer.from(text.slice(0, length), "latin1");
  };
}

/** Gives all lines of one request at a time. */
function requestLog(seed: string): () => string {
  const number = seededNumbers(seed);
  const pick = <T>(list: readonly T[]): T | undefined => list[number(list.length)];
  let moment = FIRST_MOMENT;
  return () => {
    const trace = number(2 ** 32)
      .toString(16)
      .padStart(8, "0");
    // The lower of two draws: few users come often, many seldom.
    const user = Math.min(number(USERS), number(USERS));
    const context = `[${pick(SERVICES)}] trace=${trace} user=${user}`;
    const line = (text: string): string => {
      moment += number(20);
      return `${new Date(moment).toISOString()} ${context} ${text}\n`;
    };
    const started = moment;
    let lines = line(`INFO  ${pick(METHODS)} ${pick(ROUTES)}${number(100_000)} started`);
    for (let step = number(5); step >= 0; step--) lines += line(String(pick(STEPS)));
    return lines + line(`INFO  ${pick(ENDINGS)} in ${moment - started} ms, ${number(30_000)} bytes`);
  };
}
