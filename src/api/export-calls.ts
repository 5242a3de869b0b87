/** The client's methods for exports and what belongs to them. */
import { Manifest } from "../domain/manifest.ts";
import { Export } from "../domain/resources/resource.ts";
import { checked } from "./answer-body.ts";
import { type ApiCalls, pagesOf, patchRequest, withQuery } from "./calls.ts";
import type { Connection } from "./client-options.ts";
import { ExportList, FileDocument, FileListing } from "./documents.ts";
import { exportEvents } from "./events.ts";
import type { Key, LongshoreClient } from "./longshore-client.ts";
import { routePath } from "./routes.ts";

export function exportCalls(
  connection: Connection,
  { call, raw, deleting }: ApiCalls,
): LongshoreClient["exports"] {
  const list: LongshoreClient["exports"]["list"] = async (query, signal) => {
    const { namespace, limit } = query;
    const path = namespace === undefined ? routePath("allExports", {}) : routePath("exports", { namespace });
    return call(
      { method: "GET", path: withQuery(path, { limit, continue: query.continue }) },
      ExportList,
      signal,
    );
  };
  return {
    list,
    pages: (query, signal) => pagesOf(list, query, signal),
    get: async (key, signal) =>
      call({ method: "GET", path: routePath("export", keyOf(key)) }, Export, signal),
    create: async (namespace, body, signal) =>
      call({ method: "POST", path: routePath("exports", { namespace }), body }, Export, signal),
    patch: async (key, body, signal) =>
      call(patchRequest(routePath("export", keyOf(key)), key.resourceVersion, body), Export, signal),
    cancel: async (key, signal) =>
      call({ method: "POST", path: routePath("exportCancel", keyOf(key)) }, Export, signal),
    delete: async (key, signal) =>
      deleting(
        withQuery(routePath("export", keyOf(key)), { deletionPolicy: key.deletionPolicy }),
        Export,
        signal,
      ),
    events: ({ namespace, name, lastEventId }, signal) => {
      if (name === undefined)
        return exportEvents(connection, { path: routePath("events", { namespace }), lastEventId }, signal);
      const subject = routePath("export", { namespace, name });
      const path = routePath("exportEvents", { namespace, name });
      return exportEvents(connection, { path, lastEventId, subject }, signal);
    },
    files: async ({ path, cursor, limit, ...key }, signal) => {
      const route =
        path === undefined || path === ""
          ? routePath("exportFiles", keyOf(key))
          : routePath("exportFile", { ...keyOf(key), path });
      const body = await raw({ method: "GET", path: withQuery(route, { cursor, limit }) }, signal);
      const isEntry = typeof body === "object" && body !== null && "entry" in body;
      return isEntry ? checked(FileDocument, body, route) : checked(FileListing, body, route);
    },
    manifest: async (key, signal) =>
      call({ method: "GET", path: routePath("exportManifest", keyOf(key)) }, Manifest, signal),
  };
}

const keyOf = ({ namespace, name }: Key): Key => ({ namespace, name });
