/** The client's methods for grants. */
import { DownloadGrant } from "../domain/resources/resource.ts";
import { type ApiCalls, pagesOf, patchRequest, withQuery } from "./calls.ts";
import { CreatedGrant, DownloadGrantList } from "./documents.ts";
import type { Key, LongshoreClient } from "./longshore-client.ts";
import { routePath } from "./routes.ts";

export function grantCalls({ call, deleting }: ApiCalls): LongshoreClient["grants"] {
  const one = ({ namespace, name }: Key): string => routePath("grant", { namespace, grant: name });
  const list: LongshoreClient["grants"]["list"] = async (query, signal) => {
    const { namespace, export: name, limit } = query;
    const path =
      name === undefined
        ? routePath("grants", { namespace })
        : routePath("exportGrants", { namespace, name });
    const paged = withQuery(path, { limit, continue: query.continue });
    return call({ method: "GET", path: paged }, DownloadGrantList, signal);
  };
  return {
    list,
    pages: (query, signal) => pagesOf(list, query, signal),
    get: async (key, signal) => call({ method: "GET", path: one(key) }, DownloadGrant, signal),
    create: async ({ namespace, name }, body, signal) =>
      call(
        { method: "POST", path: routePath("exportGrants", { namespace, name }), body },
        CreatedGrant,
        signal,
      ),
    patch: async (key, body, signal) =>
      call(patchRequest(one(key), key.resourceVersion, body), DownloadGrant, signal),
    delete: async (key, signal) => deleting(one(key), DownloadGrant, signal),
  };
}
