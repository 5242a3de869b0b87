/** Answers to what is no HTTP, or comes too slowly: the parser's errors, before there is a request. */
import type { Socket } from "node:net";
import { LongshoreError } from "../../domain/errors.ts";
import { problemText } from "./errors.ts";

const reasons: Readonly<Record<number, string>> = {
  400: "Bad Request",
  408: "Request Timeout",
  431: "Request Header Fields Too Large",
};

const statuses: Readonly<Record<string, number>> = {
  ERR_HTTP_REQUEST_TIMEOUT: 408,
  HPE_HEADER_OVERFLOW: 431,
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 431,
};

/** Closes the connection; says why where nothing was said on it yet, since that might be in the middle of an answer. */
export function answerClientError(error: NodeJS.ErrnoException, socket: Socket): void {
  if (!socket.writable || error.code === "ECONNRESET" || socket.bytesWritten > 0) {
    socket.destroy();
    return;
  }
  const status = statuses[error.code ?? ""] ?? 400;
  const problem = problemText(
    new LongshoreError("InvalidRequest", "the request is no HTTP that can be understood"),
  );
  const body = JSON.stringify({ ...(JSON.parse(problem.text) as object), status });
  const lines = [
    `HTTP/1.1 ${status} ${reasons[status] ?? ""}`,
    `Content-Type: ${problem.headers["Content-Type"] ?? ""}`,
    `Content-Length: ${Buffer.byteLength(body)}`,
    "X-Content-Type-Options: nosniff",
    "Connection: close",
  ];
  socket.end(`${lines.join("\r\n")}\r\n\r\n${body}`);
}
