/** Exports: list, make, read, change, cancel, delete. */
import { z } from "zod";
import { ExportList, ExportPatch, NewExport } from "../../api/documents.ts";
import { routePath, routes } from "../../api/routes.ts";
import { refuseTooLate } from "../../domain/resources/export-end.ts";
import { Export } from "../../domain/resources/resource.ts";
import type { GatewayDependencies } from "../dependencies.ts";
import { jsonType, mergePatchType } from "../http/body.ts";
import { etagOf } from "../http/etag.ts";
import { checkExportPlaces, newResource } from "./admission.ts";
import { type Answer, type Operation, operation } from "./operation.ts";
import { inNamespace, named, none, pageQuery } from "./parameters.ts";
import { patched } from "./patch-document.ts";
import { changeResource, createOnce, documentAnswer, existing, listAnswer } from "./resources.ts";

const kind = "Export";
const tag = "Exports";
const one = { description: "The Export.", schema: Export, name: "Export", headers: ["ETag"] } as const;
const list = {
  status: 200,
  description: "A page of Exports.",
  schema: ExportList,
  name: "ExportList",
} as const;
const ifMatch = { name: "If-Match", description: "Change it only if its ETag is still this one." };
const ifNoneMatch = { name: "If-None-Match", description: "304 where the ETag is still this one." };

export function exportOperations({ store, places, admit }: GatewayDependencies): readonly Operation[] {
  return [
    operation({
      id: "listAllExports",
      method: "GET",
      path: routes.allExports,
      tag,
      kind,
      verb: "read",
      params: none,
      query: pageQuery,
      errors: ["InvalidArgument"],
      summary: "List the exports of all namespaces",
      answer: list,
      perform: async ({ query }, signal) => listAnswer(store, { kind, page: query }, signal),
    }),
    operation({
      id: "listExports",
      method: "GET",
      path: routes.exports,
      tag,
      kind,
      verb: "read",
      params: inNamespace,
      query: pageQuery,
      errors: ["InvalidArgument"],
      summary: "List the exports of a namespace",
      answer: list,
      perform: async ({ params, query }, signal) =>
        listAnswer(store, { kind, namespace: params.namespace, page: query }, signal),
    }),
    operation({
      id: "createExport",
      method: "POST",
      path: routes.exports,
      tag,
      kind,
      verb: "write",
      params: inNamespace,
      query: none,
      idempotent: true,
      summary: "Ask for an export",
      description: "The work begins at once and goes on after the answer; follow it by its events.",
      body: { schema: NewExport, name: "NewExport", mediaTypes: [jsonType] },
      answer: { ...one, status: 202, headers: ["Location", "ETag"] },
      errors: ["AlreadyExists", "PlaceNotAllowed", "SourceNotFound", "InvalidArgument"],
      perform: async ({ params, body, requestId }, signal) => {
        const { metadata, spec } = body;
        const wish = newResource({ kind, ...params, metadata, spec, requestId });
        admit?.(spec);
        await checkExportPlaces(places, spec, { ...params, name: metadata.name });
        const made = await createOnce(store, kind, wish, signal);
        const answer = accepted(made, "create");
        return { ...answer, headers: { ...answer.headers, Location: routePath("export", keyOf(made)) } };
      },
    }),
    operation({
      id: "getExport",
      method: "GET",
      path: routes.export,
      tag,
      kind,
      verb: "read",
      params: named,
      query: none,
      headers: [ifNoneMatch],
      summary: "Read an export",
      answer: { ...one, status: 200 },
      perform: async ({ params, headers }, signal) =>
        documentAnswer(await existing(store, kind, params, signal), headers),
    }),
    operation({
      id: "patchExport",
      method: "PATCH",
      path: routes.export,
      tag,
      kind,
      verb: "write",
      params: named,
      query: none,
      headers: [ifMatch],
      summary: "Change an export",
      description: "A JSON Merge Patch (RFC 7396) of what may change after creation.",
      body: { schema: ExportPatch, name: "ExportPatch", mediaTypes: [mergePatchType, jsonType] },
      answer: { ...one, status: 200 },
      errors: ["PreconditionFailed", "Conflict"],
      perform: async ({ params, body, headers }, signal) => {
        const become = (before: Export): Export => patched(kind, before, body);
        const change = { kind, key: params, ifMatch: headers["if-match"], become } as const;
        return { ...accepted(await changeResource(store, change, signal), "update"), status: 200 };
      },
    }),
    operation({
      id: "deleteExport",
      method: "DELETE",
      path: routes.export,
      tag,
      kind,
      verb: "write",
      params: named,
      query: deletion,
      errors: ["Conflict"],
      summary: "Delete an export, with its data unless it is retained",
      answer: { ...one, status: 202 },
      perform: async ({ params, query: { deletionPolicy } }, signal) => {
        const become = (before: Export): Export =>
          deletionPolicy === undefined || deletionPolicy === before.spec.deletionPolicy
            ? before
            : { ...before, spec: { ...before.spec, deletionPolicy } };
        const change = { kind, key: params, ifMatch: undefined, become } as const;
        const { uid } = (await changeResource(store, change, signal)).metadata;
        return accepted(await store.delete(kind, { ...params, uid }, signal), "delete");
      },
    }),
    operation({
      id: "cancelExport",
      method: "POST",
      path: routes.exportCancel,
      tag,
      kind,
      verb: "write",
      params: named,
      query: none,
      idempotent: true,
      errors: ["Conflict", "AlreadyEnded"],
      summary: "End an export for good",
      description: "Can't be undone. One that has ended otherwise is refused.",
      answer: { ...one, status: 202 },
      perform: async ({ params }, signal) => {
        const become = (before: Export): Export => {
          refuseTooLate(before);
          return before.spec.cancel ? before : { ...before, spec: { ...before.spec, cancel: true } };
        };
        const change = { kind, key: params, ifMatch: undefined, become } as const;
        return accepted(await changeResource(store, change, signal), "cancel");
      },
    }),
  ];
}

const deletion = z.strictObject({
  deletionPolicy: z
    .enum(["Delete", "Retain"])
    .optional()
    .describe("What happens to the prepared data; `spec.deletionPolicy` unless said."),
});

function accepted(resource: Export, action: "create" | "update" | "delete" | "cancel"): Answer {
  const { namespace, name, uid, resourceVersion } = resource.metadata;
  return {
    status: 202,
    headers: { ETag: etagOf(resourceVersion) },
    body: resource,
    record: { action, kind, namespace, name, uid },
  };
}

const keyOf = ({ metadata: { namespace, name } }: Export): { namespace: string; name: string } => ({
  namespace,
  name,
});
