/** Answers that are no success, in each store's own words. */
import type { Treatment } from "../servers/fault-proxy.ts";

const answer = (status: number, body: string, headers: Record<string, string> = {}): Treatment => ({
  how: "answer",
  status,
  headers: { "content-type": body.startsWith("{") ? "application/json" : "application/xml", ...headers },
  body,
});

export const s3Error = (
  status: number,
  code: string,
  message: string,
  headers?: Record<string, string>,
): Treatment =>
  answer(
    status,
    `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>${message}</Message><RequestId>1</RequestId></Error>`,
    headers,
  );

export const azureError = (
  status: number,
  code: string,
  message: string,
  headers?: Record<string, string>,
): Treatment =>
  answer(
    status,
    `\ufeff<?xml version="1.0" encoding="utf-8"?><Error><Code>${code}</Code><Message>${message}</Message></Error>`,
    { "x-ms-error-code": code, ...headers },
  );

export const gcsError = (
  status: number,
  reason: string,
  message: string,
  headers?: Record<string, string>,
): Treatment =>
  answer(
    status,
    JSON.stringify({ error: { code: status, message, errors: [{ message, domain: "global", reason }] } }),
    headers,
  );
