/** A server behind the commands. */
import type { LongshoreClient } from "../../api/longshore-client.ts";
import { LongshoreError } from "../../domain/errors.ts";
import type { CreateOptions, Remote } from "./remote.ts";

export function serverRemote(client: LongshoreClient): Remote {
  const { exports, grants, destinations, tokens } = client;
  return {
    namespace: "default",
    exports: {
      ...exports,
      create: async (namespace, document, options, signal) => {
        refuseDryRun(options);
        return exports.create(namespace, document, signal);
      },
    },
    grants: {
      ...grants,
      create: async (key, request, options, signal) => {
        refuseDryRun(options);
        return grants.create(key, request, signal);
      },
    },
    destinations: {
      ...destinations,
      create: async (namespace, document, options, signal) => {
        refuseDryRun(options);
        return destinations.create(namespace, document, signal);
      },
    },
    tokens,
    audit: (query, signal) => client.audit(query, signal),
    // Its connections are those of fetch, which ends them itself.
    [Symbol.asyncDispose]: async () => undefined,
  };
}

function refuseDryRun({ dryRun }: CreateOptions): void {
  if (dryRun === true)
    throw new LongshoreError(
      "InvalidArgument",
      "--dry-run=server takes a cluster, a server has no such thing",
      {
        hint: "give --dry-run=client, which sends nothing",
      },
    );
}
