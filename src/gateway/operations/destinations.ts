/** ExportDestinations: places that exports of their namespace may name. */
import { ExportDestinationList, NewExportDestination } from "../../api/documents.ts";
import { routePath, routes } from "../../api/routes.ts";
import { ExportDestination } from "../../domain/resources/resource.ts";
import type { GatewayDependencies } from "../dependencies.ts";
import { jsonType } from "../http/body.ts";
import { etagOf } from "../http/etag.ts";
import { checkDestinationPlaces, newResource } from "./admission.ts";
import { type Answer, type Operation, operation } from "./operation.ts";
import { inNamespace, named, none, pageQuery } from "./parameters.ts";
import { createOnce, documentAnswer, existing, listAnswer } from "./resources.ts";

const kind = "ExportDestination";
const tag = "Destinations";
const one = {
  description: "The ExportDestination.",
  schema: ExportDestination,
  name: kind,
  headers: ["ETag"],
} as const;

export function destinationOperations({ store, places, admit }: GatewayDependencies): readonly Operation[] {
  return [
    operation({
      id: "listDestinations",
      method: "GET",
      path: routes.destinations,
      tag,
      kind,
      verb: "read",
      params: inNamespace,
      query: pageQuery,
      errors: ["InvalidArgument"],
      summary: "List the destinations of a namespace",
      answer: {
        status: 200,
        description: "A page of ExportDestinations.",
        schema: ExportDestinationList,
        name: "ExportDestinationList",
      },
      perform: async ({ params, query }, signal) =>
        listAnswer(store, { kind, namespace: params.namespace, page: query }, signal),
    }),
    operation({
      id: "createDestination",
      method: "POST",
      path: routes.destinations,
      tag,
      kind,
      verb: "administer",
      params: inNamespace,
      query: none,
      idempotent: true,
      summary: "Name a place for exports",
      body: { schema: NewExportDestination, name: "NewExportDestination", mediaTypes: [jsonType] },
      answer: { ...one, status: 201, headers: ["Location", "ETag"] },
      errors: ["AlreadyExists", "PlaceNotAllowed"],
      perform: async ({ params, body, requestId }, signal) => {
        const { metadata, spec } = body;
        const wish = newResource({ kind, ...params, metadata, spec, requestId });
        admit?.(spec);
        await checkDestinationPlaces(places, spec, params);
        const made = await createOnce(store, kind, wish, signal);
        const { namespace, name } = made.metadata;
        const answer = answerOf(made, 201, "create");
        return {
          ...answer,
          headers: { ...answer.headers, Location: routePath("destination", { namespace, name }) },
        };
      },
    }),
    operation({
      id: "getDestination",
      method: "GET",
      path: routes.destination,
      tag,
      kind,
      verb: "read",
      params: named,
      query: none,
      summary: "Read a destination",
      answer: { ...one, status: 200 },
      perform: async ({ params, headers }, signal) =>
        documentAnswer(await existing(store, kind, params, signal), headers),
    }),
    operation({
      id: "deleteDestination",
      method: "DELETE",
      path: routes.destination,
      tag,
      kind,
      verb: "administer",
      params: named,
      query: none,
      errors: ["Conflict"],
      summary: "Delete a destination; what lies there stays",
      answer: { ...one, status: 200 },
      perform: async ({ params }, signal) =>
        answerOf(await store.delete(kind, params, signal), 200, "delete"),
    }),
  ];
}

function answerOf(resource: ExportDestination, status: 200 | 201, action: "create" | "delete"): Answer {
  const { namespace, name, uid, resourceVersion } = resource.metadata;
  return {
    status,
    headers: { ETag: etagOf(resourceVersion) },
    body: resource,
    record: { action, kind, namespace, name, uid },
  };
}
