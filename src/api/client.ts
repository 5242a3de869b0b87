/** The typed client of the REST interface, for the command line and for browsers. */
import { apiCallsOf } from "./calls.ts";
import { type ClientOptions, connectionOf } from "./client-options.ts";
import { exportCalls } from "./export-calls.ts";
import type { LongshoreClient } from "./longshore-client.ts";
import { otherCalls } from "./other-calls.ts";

/** Throws InvalidArgument where address or token can't be used. Nothing is asked of the server yet. */
export function createClient(options: ClientOptions): LongshoreClient {
  const connection = connectionOf(options);
  const calls = apiCallsOf(connection);
  return { exports: exportCalls(connection, calls), ...otherCalls(calls) };
}
