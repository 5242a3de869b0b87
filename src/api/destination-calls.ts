/** The client's methods for destinations. */
import { ExportDestination } from "../domain/resources/resource.ts";
import { type ApiCalls, pagesOf, withQuery } from "./calls.ts";
import { ExportDestinationList } from "./documents.ts";
import type { Key, LongshoreClient } from "./longshore-client.ts";
import { routePath } from "./routes.ts";

export function destinationCalls({ call, deleting }: ApiCalls): LongshoreClient["destinations"] {
  const one = ({ namespace, name }: Key): string => routePath("destination", { namespace, name });
  const list: LongshoreClient["destinations"]["list"] = async (query, signal) => {
    const { namespace, limit } = query;
    const path = withQuery(routePath("destinations", { namespace }), { limit, continue: query.continue });
    return call({ method: "GET", path }, ExportDestinationList, signal);
  };
  return {
    list,
    pages: (query, signal) => pagesOf(list, query, signal),
    get: async (key, signal) => call({ method: "GET", path: one(key) }, ExportDestination, signal),
    create: async (namespace, body, signal) =>
      call(
        { method: "POST", path: routePath("destinations", { namespace }), body },
        ExportDestination,
        signal,
      ),
    delete: async (key, signal) => deleting(one(key), ExportDestination, signal),
  };
}
