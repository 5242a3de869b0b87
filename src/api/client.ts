/** The typed client of the REST interface, for the command line and for browsers. */
import { administrationCalls } from "./administration-calls.ts";
import { apiCallsOf } from "./calls.ts";
import { type ClientOptions, connectionOf } from "./client-options.ts";
import { destinationCalls } from "./destination-calls.ts";
import { exportCalls } from "./export-calls.ts";
import { grantCalls } from "./grant-calls.ts";
import type { LongshoreClient } from "./longshore-client.ts";

/** Throws InvalidArgument where address or token can't be used. Nothing is asked of the server yet. */
export function createClient(options: ClientOptions): LongshoreClient {
  const connection = connectionOf(options);
  const calls = apiCallsOf(connection);
  return {
    exports: exportCalls(connection, calls),
    grants: grantCalls(calls),
    destinations: destinationCalls(calls),
    ...administrationCalls(calls),
  };
}
