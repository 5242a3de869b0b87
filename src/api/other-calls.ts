/** The client's methods for grants, destinations, tokens, keys and the audit. */
import { z } from "zod";
import { DownloadGrant, ExportDestination } from "../domain/resources/resource.ts";
import { type ApiCalls, pagesOf, patchRequest, withQuery } from "./calls.ts";
import {
  AuditList,
  CreatedGrant,
  CreatedToken,
  DownloadGrantList,
  ExportDestinationList,
  RotatedKey,
  TokenList,
  Whoami,
} from "./documents.ts";
import type { Key, LongshoreClient } from "./longshore-client.ts";
import { routePath } from "./routes.ts";

export function otherCalls(calls: ApiCalls): Omit<LongshoreClient, "exports"> {
  const { call } = calls;
  return {
    grants: grantCalls(calls),
    destinations: destinationCalls(calls),
    tokens: tokenCalls(calls),
    audit: (query, signal) =>
      call({ method: "GET", path: withQuery(routePath("audit", {}), { ...query }) }, AuditList, signal),
    rotateKey: (signal) => call({ method: "POST", path: routePath("rotateKey", {}) }, RotatedKey, signal),
    whoami: (signal) => call({ method: "GET", path: routePath("whoami", {}) }, Whoami, signal),
  };
}

function grantCalls({ call, deleting }: ApiCalls): LongshoreClient["grants"] {
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

function destinationCalls({ call, deleting }: ApiCalls): LongshoreClient["destinations"] {
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

function tokenCalls({ call, deleting }: ApiCalls): LongshoreClient["tokens"] {
  return {
    list: (signal) => call({ method: "GET", path: routePath("tokens", {}) }, TokenList, signal),
    create: (body, signal) =>
      call({ method: "POST", path: routePath("tokens", {}), body }, CreatedToken, signal),
    delete: async (name, signal) => {
      await deleting(routePath("token", { name }), z.unknown(), signal);
    },
  };
}
